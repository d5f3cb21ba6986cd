import { expect, it } from 'vitest';
import { PublishError } from '../../src/errors.js';
import { type Middleware, MiddlewareStack } from '../../src/task/middleware.js';
import { openProducer } from './producing.js';

/** A producer with this middleware, of an app with a prefix. */
function setup(...middleware: readonly Middleware[]) {
  const stack = new MiddlewareStack();
  for (const one of middleware) stack.use(one);
  return openProducer({ prefix: 'eu.', middleware: stack });
}

const rejection = (promise: Promise<unknown>) => promise.then(String, (error: unknown) => error);

it('may change arguments, queue, priority and headers, and sees the rest', () => {
  let seen: unknown;
  const { sent, send } = setup({
    publish: (call, next) => {
      seen = { ...call };
      call.args = [31];
      call.queue = 'math';
      call.priority = 5;
      call.headers = { ...call.headers, traceparent: '00-1' };
      return next();
    },
  });
  send({ headers: { tenant: 't1' }, ignoreResult: true });
  expect(seen).toEqual({
    id: 'id-1',
    task: 'fib',
    rootId: 'id-1',
    parentId: undefined,
    ignoreResult: true,
    eta: undefined,
    expires: undefined,
    args: [30],
    queue: 'tq',
    priority: undefined,
    headers: { tenant: 't1' },
  });
  expect(sent[0]).toMatchObject({
    queue: 'eu.math',
    envelope: { bodyText: '[[31],{},{}]', priority: 5, headers: { tenant: 't1', traceparent: '00-1' } },
  });
});

it('does not hold up a call when it does not wait before next()', () => {
  const { sent, send } = setup({ publish: (_, next) => next() }, { publish: async (_, next) => await next() });
  send();
  send();
  expect(sent.map(({ envelope }) => envelope.id)).toEqual(['id-1', 'id-2']);
});

it('hears of the confirm, after which the result stands whatever middleware does', async () => {
  const steps: string[] = [];
  const { sent, send, runtime } = setup({
    publish: async (_, next) => {
      await next();
      steps.push('confirmed');
      throw new Error('too late');
    },
  });
  const result = send();
  expect(steps).toEqual([]);
  sent[0]?.listener.confirmed();
  await result.published;
  const [line] = await runtime.logged(({ message }) => message.includes('the call stands'));
  expect(steps).toEqual(['confirmed']);
  expect(line).toMatchObject({ level: 'error', fields: { id: 'id-1', task: 'fib', err: new Error('too late') } });
  sent[0]?.listener.replied({ status: 'SUCCESS', taskId: 'id-1', value: 832_040 });
  expect(await result.get()).toBe(832_040);
});

it('hears of a failed publish and cannot hide it', async () => {
  let heard: unknown;
  const { sent, send, runtime } = setup({
    publish: async (_, next) => {
      heard = await rejection(next());
    },
  });
  const result = send();
  const error = new PublishError('unroutable', 'gone');
  sent[0]?.listener.failed(error);
  expect(await rejection(result.get())).toBe(error);
  await Promise.resolve();
  expect(heard).toBe(error);
  expect(runtime.lines).toEqual([]);
});

it('rethrown, a failed publish is logged no second time; ignored, it is no unhandled rejection', async () => {
  const { sent, send, runtime } = setup(
    { publish: (_, next) => next() },
    {
      publish: (_, next) => {
        void next();
      },
    },
  );
  const result = send();
  sent[0]?.listener.failed(new PublishError('unroutable', 'gone'));
  expect(await rejection(result.published)).toMatchObject({ code: 'unroutable' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(runtime.lines).toEqual([]);
});

it('may fail late over a call whose publish failed, and that is logged', async () => {
  const { sent, send, runtime } = setup({
    publish: (_, next) => next().catch(() => Promise.reject(new Error('mapped'))),
  });
  const result = send();
  sent[0]?.listener.failed(new PublishError('unroutable', 'gone'));
  expect(await rejection(result.published)).toMatchObject({ code: 'unroutable' });
  expect(await runtime.logged(({ level }) => level === 'error')).toHaveLength(1);
});

it.each<[string, Middleware, RegExp]>([
  [
    'throws',
    {
      publish: () => {
        throw new Error('tenant t1 is over its quota');
      },
    },
    /task 'fib' through: Error: tenant t1 is over its quota/,
  ],
  ['rejects', { publish: () => Promise.reject(new Error('no')) }, /through: Error: no/],
  ['never calls next()', { publish: () => undefined }, /it ended without next\(\)/],
])('refuses a call when it %s', async (_, middleware, text) => {
  const { sent, send, unobserved } = setup(middleware);
  const result = send();
  const [published, got] = await Promise.all([rejection(result.published), rejection(result.get())]);
  expect(got).toBe(published);
  expect(got).toMatchObject({ name: 'PublishError', code: 'publish-refused', message: expect.stringMatching(text) });
  send();
  await new Promise((resolve) => setImmediate(resolve));
  expect(unobserved).toEqual([expect.objectContaining({ code: 'publish-refused' })]);
  expect(sent).toEqual([]);
});

it('gives the refusal its cause', async () => {
  const cause = new Error('no');
  const { send } = setup({ publish: () => Promise.reject(cause) });
  expect(await rejection(send().published)).toMatchObject({ cause });
});

it('may wait before next(); the result is there already, and the call goes out with what is left of its deadline', async () => {
  const lookUp = deferred<string>();
  const { clock, sent, send, producer } = setup({
    publish: async (call, next) => {
      call.headers = { token: await lookUp.promise };
      await next();
    },
  });
  const result = send({ deadline: 1_000 });
  expect([result.id, result.state, sent.length]).toEqual(['id-1', 'pending', 0]);
  clock.advance(400);
  lookUp.resolve('secret');
  await producer.waiting();
  expect(sent).toEqual([expect.objectContaining({ publishTimeoutMs: 600 })]);
  expect(sent[0]?.envelope.headers).toEqual({ token: 'secret' });
});

it('ends at the deadline of the call, which is not sent after it', async () => {
  const goOn = deferred<void>();
  const heard = deferred<unknown>();
  const { clock, sent, send } = setup({
    publish: async (_, next) => {
      await goOn.promise;
      heard.resolve(await rejection(next()));
    },
  });
  const result = send({ deadline: 1_000 });
  const published = rejection(result.published);
  clock.advance(1_010);
  expect(await published).toMatchObject({
    code: 'publish-timeout',
    message: expect.stringContaining('publish middleware has not called next() yet'),
  });
  goOn.resolve();
  expect(await heard.promise).toBe(await published);
  expect(sent).toEqual([]);
});

it('leaves at the signal of the call', async () => {
  const { send, sent } = setup({ publish: () => new Promise(() => undefined) });
  const controller = new AbortController();
  const result = send({ signal: controller.signal });
  controller.abort();
  expect(await rejection(result.published)).toMatchObject({ code: 'publish-aborted' });
  expect(sent).toEqual([]);
});

it('bounds the calls that wait in it', async () => {
  const goOn = deferred<void>();
  const { send, producer } = setup({ publish: (_, next) => goOn.promise.then(next) });
  send();
  expect(producer.room()).toBeUndefined();
  send();
  const room = producer.room();
  expect(await rejection(send().published)).toMatchObject({ code: 'outbox-full' });
  goOn.resolve();
  await room;
});

it.each<[string, Middleware['publish'], string]>([
  [
    'a header of the protocol',
    (call, next) => {
      call.headers = { retries: 3 };
      return next();
    },
    'invalid-option',
  ],
  [
    'an argument that JSON has not',
    (call, next) => {
      call.args = [() => 1];
      return next();
    },
    'unserialisable',
  ],
])('is told when it made a call wrong: %s', async (_, publish, code) => {
  const heard = deferred<unknown>();
  const { send, sent } = setup(
    { publish: (_call, next) => next().catch((error: unknown) => heard.resolve(error)) },
    { ...(publish && { publish }) },
  );
  expect(await rejection(send().published)).toMatchObject({ code });
  expect(await heard.promise).toMatchObject({ code });
  expect(sent).toEqual([]);
});

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((onResolve) => {
    resolve = onResolve;
  });
  return { promise, resolve };
}

it.each([
  [
    'a queue that is none',
    (call: { queue: string }) => Object.assign(call, { queue: undefined }),
    /queue: expected a name/,
  ],
  [
    'a queue that is no text',
    (call: { queue: string }) => Object.assign(call, { queue: Symbol('q') }),
    /queue: expected a name/,
  ],
  [
    'arguments that are no list',
    (call: object) => Object.assign(call, { args: { length: 1 } }),
    /arguments: expected a list/,
  ],
])('refuses %s, at once and after a wait', async (_, spoil, text) => {
  const atOnce: Middleware = {
    publish: (call, next) => {
      spoil(call);
      return next();
    },
  };
  const late: Middleware = {
    publish: async (call, next) => {
      await null;
      spoil(call);
      await next();
    },
  };
  for (const middleware of [atOnce, late]) {
    const { send, sent } = setup(middleware);
    const error = await rejection(send().published);
    expect(error).toMatchObject({ code: 'invalid-option', message: expect.stringMatching(text) });
    expect(sent).toEqual([]);
  }
});
