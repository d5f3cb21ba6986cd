import { describe, expect, it } from 'vitest';
import { checkCall, checkHandler } from '../../src/task/options.js';
import type { CallOptions } from '../../src/task/signature.js';

describe("a call's options", () => {
  it.each<[string, CallOptions]>([
    ['none', {}],
    ['all', { queue: 'q', priority: 0, headers: {}, ignoreResult: true, taskId: 'x', deadline: 1, signal: undefined }],
    ['all undefined', { queue: undefined, priority: undefined, taskId: undefined, deadline: undefined }],
    ['a task id of 255 bytes', { taskId: 'ä'.repeat(127) }],
  ])('are taken: %s', (_, options) => {
    expect(() => checkCall(options)).not.toThrow();
  });

  it.each<[object, string]>([
    [{ taskid: 'x' }, "call: unknown option 'taskid'. Did you mean 'taskId'?"],
    [{ countdown: 3 }, "call: unknown option 'countdown'. Known are deadline, headers,"],
    [{ priority: 1.5 }, 'priority: expected a whole number from 0 to 255, found 1.5.'],
    [{ priority: -1 }, 'priority: expected a whole number from 0 to 255, found -1.'],
    [{ deadline: 0 }, 'deadline (ms): expected a whole number from 1'],
    [{ taskId: '' }, "taskId: expected text of 1 to 255 bytes, found ''."],
    [{ taskId: 7 }, "taskId: expected text of 1 to 255 bytes, found '7'."],
    [{ taskId: 'ä'.repeat(128) }, 'taskId: expected text of 1 to 255 bytes'],
  ])('are refused: %o', (options, text) => {
    expect(() => checkCall(options)).toThrow(text);
  });
});

it('a handler that is no function is refused where the task is defined', () => {
  expect(() => checkHandler('add', undefined)).toThrow("task 'add': expected a function as handler, found undefined.");
  expect(() => checkHandler('add', () => 1)).not.toThrow();
});
