import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PublishError } from '../../src/errors.js';
import type { AsyncResult } from '../../src/results/async-result.js';
import type { Call } from '../../src/task/call.js';
import type { CanvasOrder } from '../../src/task/canvas-part.js';
import type { TaskOptions } from '../../src/task/options.js';
import { createTask, type TaskHost } from '../../src/task/task.js';

/** Stands in for the app: keeps what it is told to send, confirms when the test says so. */
class RecordingHost implements TaskHost {
  readonly sent: Call[] = [];
  readonly orders: CanvasOrder[] = [];
  readonly ends: { confirm(): void; fail(error: Error): void }[] = [];
  capacity = Number.POSITIVE_INFINITY;
  readonly #wakes: (() => void)[] = [];
  #onSent: (() => void) | undefined;

  send<T>(call: Call): AsyncResult<T> {
    this.sent.push(call);
    const published = new Promise<void>((resolve, reject) => {
      this.ends.push({ confirm: resolve, fail: reject });
    });
    this.#onSent?.();
    return { id: String(this.sent.length), published } as AsyncResult<T>;
  }

  sendCanvas<Handle>(order: CanvasOrder): Handle {
    this.orders.push(order);
    return undefined as Handle;
  }

  freezeCanvas(): never {
    throw new Error('nothing is frozen here');
  }

  room(): Promise<void> | undefined {
    if (this.sent.length < this.capacity) return undefined;
    return new Promise((resolve) => this.#wakes.push(resolve));
  }

  /** Lets more calls in and resolves once `count` are there in all. */
  async open(capacity: number, count: number): Promise<void> {
    this.capacity = capacity;
    const reached = new Promise<void>((resolve) => {
      this.#onSent = () => {
        if (this.sent.length === count) resolve();
      };
    });
    for (const wake of this.#wakes.splice(0)) wake();
    await reached;
  }
}

function add(options: TaskOptions = {}) {
  const host = new RecordingHost();
  return { host, task: createTask(host, 'add', (a: number, b = 1): number => a + b, options) };
}

describe('a task', () => {
  it('runs as the bare function', () => {
    expect(add().task.run(1)).toBe(2);
    expect(add().task.run(1, 4)).toBe(5);
  });

  it('sends a call with its arguments and nothing else by default', () => {
    const { host, task } = add();
    task.delay(1, 2);
    expect(host.sent).toEqual([{ task: 'add', args: [1, 2], options: {}, own: {} }]);
  });

  it("adds a call's options to its own, the call's winning, headers merged", () => {
    const { host, task } = add({ queue: 'math', priority: 1, headers: { team: 'blue', trace: 'a' } });
    task.apply([1], { priority: 9, headers: { trace: 'b' }, taskId: 'one' });
    expect(host.sent[0]?.options).toEqual({
      queue: 'math',
      priority: 9,
      headers: { team: 'blue', trace: 'b' },
      taskId: 'one',
    });
  });

  it('takes an option that is undefined for one that is not given', () => {
    const { host, task } = add({ queue: 'math', priority: 1 });
    task.apply([1], { queue: undefined, priority: undefined });
    expect(host.sent[0]?.options).toEqual({ queue: 'math', priority: 1 });
  });

  it('sends its schema along with each call, and not as an option of it', async () => {
    const host = new RecordingHost();
    const args = z.tuple([z.number()]);
    const task = createTask(host, 'add', (n: number) => n, { args, result: z.number(), queue: 'math' });
    task.delay(1);
    task.apply([1]);
    const bulk = task.bulk([[1]]);
    for (const end of host.ends) end.confirm();
    await bulk;
    const call = { task: 'add', args: [1], schema: args, options: { queue: 'math' }, own: {} };
    expect(host.sent).toEqual([call, call, call]);
    expect(task.options).toEqual({ queue: 'math' });
  });

  it('keeps its retry policy, which the worker has as well, and sends what the call says', () => {
    const retry = { maxRetries: 5, retryOn: [RangeError] };
    const { host, task } = add({ retry });
    task.delay(1);
    task.apply([1], { retry: { maxRetries: 1 } });
    task.apply([1], { retry: false });
    expect(host.sent.map(({ options }) => options.retry)).toEqual([undefined, { maxRetries: 1 }, false]);
    expect(task.options).toEqual({ retry });
  });

  it('sends its retry policy where it is only declared, so that is to be data', () => {
    const host = new RecordingHost();
    createTask<'add', () => void>(host, 'add', undefined, { retry: { delay: 5 } }).delay();
    expect(host.sent[0]?.options).toEqual({ retry: { delay: 5 } });
    const withClass = () => createTask(host, 'add', undefined, { retry: { noRetryOn: [RangeError] } });
    expect(withClass).toThrow("task 'add': retry.noRetryOn: expected data, which a call can carry to the worker");
  });

  it('sends whom to call after its failure where it is only declared: elsewhere the worker knows', () => {
    const onFailure = { task: 'clean' };
    const { host, task } = add({ onFailure });
    task.delay(1);
    task.apply([1], { onFailure: { task: 'other' } });
    createTask<'add', () => void>(host, 'add', undefined, { onFailure }).delay();
    expect(host.sent.map(({ options }) => options.onFailure)).toEqual([undefined, { task: 'other' }, onFailure]);
    expect(host.sent[0]?.options).toEqual({});
  });

  it('sends a signature through its host, with what it was started with', () => {
    const { host, task } = add({ queue: 'math' });
    task.s(2).set({ priority: 1 }).delay(1);
    const [order] = host.orders;
    expect(order).toMatchObject({ previous: [1], options: {} });
    expect(order?.part).toMatchObject({
      task: 'add',
      args: [2],
      options: { priority: 1 },
      defaults: { queue: 'math' },
    });
  });

  it('refuses to run where it is only declared', () => {
    const declared = createTask<'add', () => void>(new RecordingHost(), 'add', undefined, {});
    expect(() => declared.run()).toThrow(expect.objectContaining({ code: 'unknown-task' }));
    expect(() => declared.run()).toThrow("Task 'add' is only declared here");
  });

  it('checks its name and options where it is defined', () => {
    const define = (name: unknown, options: object) => () =>
      createTask(new RecordingHost(), name as string, () => 1, options);
    expect(define('', {})).toThrow("task name: expected 1 to 255 characters, found ''.");
    expect(define('x'.repeat(256), {})).toThrow('task name: expected 1 to 255 characters');
    expect(define(3, {})).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    expect(define('add', { prioritty: 1 })).toThrow("task 'add': unknown option 'prioritty'. Did you mean 'priority'?");
    expect(define('add', { arg: z.tuple([]) })).toThrow("task 'add': unknown option 'arg'. Did you mean 'args'?");
    expect(define('add', { args: [z.string()] })).toThrow(
      "task 'add': args: expected a Standard Schema, found a list. Make it with zod, valibot, arktype or another",
    );
    expect(define('add', { result: {} })).toThrow("task 'add': result: expected a Standard Schema, found something");
    expect(define('add', { retry: { backof: 'fixed' } })).toThrow(
      "task 'add': retry: unknown option 'backof'. Did you mean 'backoff'?",
    );
    expect(define('add', { priority: 256 })).toThrow(
      "task 'add': priority: expected a whole number from 0 to 255, found 256.",
    );
  });
});

describe('a bulk of calls', () => {
  it('gives one result a call, in order, once all are confirmed', async () => {
    const { host, task } = add();
    const bulk = task.bulk([[1], [2, 3]], { queue: 'math' });
    expect(host.sent.map(({ args, options }) => [args, options])).toEqual([
      [[1], { queue: 'math' }],
      [[2, 3], { queue: 'math' }],
    ]);
    for (const end of host.ends) end.confirm();
    expect((await bulk).map(({ id }) => id)).toEqual(['1', '2']);
  });

  it('waits for room before each call', async () => {
    const { host, task } = add();
    host.capacity = 2;
    const bulk = task.bulk([[1], [2], [3], [4], [5]]);
    expect(host.sent).toHaveLength(2);
    await host.open(4, 4);
    await host.open(5, 5);
    for (const end of host.ends) end.confirm();
    expect(await bulk).toHaveLength(5);
  });

  it('rejects with the first failure, after every call has ended', async () => {
    const { host, task } = add();
    const ended: string[] = [];
    const bulk = task.bulk([[1], [2], [3]]).catch((error: PublishError) => ended.push(`rejected: ${error.message}`));
    host.ends[2]?.fail(new PublishError('publish-nacked', 'third'));
    host.ends[1]?.fail(new PublishError('publish-nacked', 'second'));
    await Promise.resolve();
    ended.push('last confirm');
    host.ends[0]?.confirm();
    await bulk;
    expect(ended).toEqual(['last confirm', 'rejected: second']);
  });

  it('of nothing is nothing', async () => {
    expect(await add().task.bulk([])).toEqual([]);
  });
});
