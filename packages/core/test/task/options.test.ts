import { describe, expect, it } from 'vitest';
import type { CallOptions } from '../../src/task/call.js';
import { checkCall, checkHandler, checkTask } from '../../src/task/options.js';

describe("a call's options", () => {
  it.each<[string, CallOptions]>([
    ['none', {}],
    ['all', { queue: 'q', priority: 0, headers: {}, ignoreResult: true, taskId: 'x', deadline: 1, signal: undefined }],
    ['both time limits', { timeLimit: 2, softTimeLimit: 1 }],
    ['all undefined', { queue: undefined, priority: undefined, taskId: undefined, deadline: undefined }],
    ['a task to call after a failure, by its name', { onFailure: { task: 'clean' } }],
    ['a task id of 255 bytes', { taskId: 'ä'.repeat(127) }],
  ])('are taken: %s', (_, options) => {
    expect(() => checkCall(options)).not.toThrow();
  });

  it.each<[object, string]>([
    [{ taskid: 'x' }, "call: unknown option 'taskid'. Did you mean 'taskId'?"],
    [{ after: 3 }, "call: unknown option 'after'. Known are countdown, deadline, eta, exchange, expires, headers,"],
    [{ priority: 1.5 }, 'priority: expected a whole number from 0 to 255, found 1.5.'],
    [{ priority: -1 }, 'priority: expected a whole number from 0 to 255, found -1.'],
    [{ timeLimit: 0 }, 'timeLimit (ms): expected a whole number from 1'],
    [{ softTimeLimit: 0.5 }, 'softTimeLimit (ms): expected a whole number from 1'],
    [{ timeLimit: 5, softTimeLimit: 5 }, 'softTimeLimit: expected less than the timeLimit of 5 ms, found 5 ms'],
    [{ deadLetter: false }, "call: unknown option 'deadLetter'."],
    [{ onFailure: 'clean' }, "onFailure: expected a task, or { task, queue }, found 'clean'."],
    [{ onFailure: null }, 'onFailure: expected a task, or { task, queue }, found null.'],
    [{ onFailure: { task: '' } }, "onFailure: expected a task's name of 1 to 255 bytes as task, found ''."],
    [{ onFailure: { task: 'clean', queue: 7 } }, "onFailure: expected a queue's name as queue, found number."],
    [{ onFailure: { task: 'clean', queu: 'q' } }, "onFailure: unknown option 'queu'. Did you mean 'queue'?"],
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

it('a task whose soft time limit would never come is refused where it is defined', () => {
  expect(() => checkTask('mail', { timeLimit: 1_000, softTimeLimit: 2_000 })).toThrow(
    "task 'mail': softTimeLimit: expected less than the timeLimit of 1000 ms, found 2000 ms",
  );
  expect(() => checkTask('mail', { softTimeLimit: 2_000 })).not.toThrow();
});

it('what a task says of its failures is checked where it is defined', () => {
  const wrong = (options: object) => () => checkTask('mail', options);
  expect(wrong({ deadLetter: 'no' })).toThrow("task 'mail': deadLetter: expected true or false, found string.");
  expect(wrong({ onFailure: { task: 'mail' } })).toThrow("task 'mail': onFailure: expected another task, found itself");
  expect(wrong({ onFailure: () => 1 })).toThrow("task 'mail': onFailure: expected a task, or { task, queue }");
  expect(wrong({ deadLetter: false, onFailure: { task: 'clean', queue: 'q' } })).not.toThrow();
});
