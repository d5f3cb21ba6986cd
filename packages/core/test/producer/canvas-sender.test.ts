import { describe, expect, it } from 'vitest';
import { chain } from '../../src/canvas/chain.js';
import { chord } from '../../src/canvas/chord.js';
import { groupOn } from '../../src/canvas/group.js';
import { PublishError } from '../../src/errors.js';
import type { AsyncResult, GroupResult } from '../../src/results/async-result.js';
import type { OutgoingCall } from '../../src/results/transport.js';
import type { StandardSchema } from '../../src/schema/standard-schema.js';
import { runInTask, type TaskContext } from '../../src/task/context.js';
import type { PublishCall } from '../../src/task/middleware.js';
import { composeOnion } from '../../src/task/onion.js';
import { bodyOf, openCanvases } from './canvas-sending.js';

const group = groupOn(() => {
  throw new Error('expected a group with a task in it');
});
const ended = (wait: Promise<unknown>): Promise<unknown> => wait.catch((error: unknown) => error);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const confirmAll = (calls: readonly OutgoingCall[]) => {
  for (const { listener } of calls) listener.confirmed();
};

it('sends the first step of a chain with the rest in it, and waits for all steps', () => {
  const { define, send, sent } = openCanvases();
  const [a, b, c] = [define('a'), define('b'), define('c')];
  const result = send(chain(a.s(1), b.s(), c.si(3))) as AsyncResult<unknown>;
  expect(sent).toHaveLength(1);
  const [call] = sent as [OutgoingCall];
  const before = result.parent as AsyncResult<unknown>;
  expect(call).toMatchObject({
    envelope: { id: before.parent?.id, task: 'a', rootId: before.parent?.id, parentId: undefined, ignoreResult: false },
    queue: 'p.tq',
    publishTimeoutMs: 30_000,
    followers: [{ taskId: before.id }, { taskId: result.id }],
  });
  expect(call.chords).toBeUndefined();
  expect(bodyOf(call)).toEqual({
    args: [1],
    embed: {
      chain: [
        expect.objectContaining({ task: 'c', args: [3], immutable: true }),
        expect.objectContaining({ task: 'b' }),
      ],
    },
  });
});

it('starts a canvas with what stands for the result before it', () => {
  const { define, send, sent } = openCanvases();
  const a = define('a');
  send(group(a.s(), a.si(2)), {}, [7]);
  expect(sent.map((call) => bodyOf(call).args)).toEqual([[7], [2]]);
});

it('sends the members of a group side by side, under the id of the group', async () => {
  const { define, send, sent } = openCanvases();
  const a = define('a');
  const result = send(group(a.s(1), a.s(2), chain(a.s(3), a.s()))) as GroupResult;
  expect(sent.map(({ envelope }) => envelope.rootId)).toEqual([result.id, result.id, result.id]);
  expect(sent.map((call) => bodyOf(call).args)).toEqual([[1], [2], [3]]);
  expect(sent.map(({ followers }) => followers?.length)).toEqual([undefined, undefined, 1]);
  confirmAll(sent);
  await result.published;
});

it('has the queues of chords there before what starts in their headers, for as long as that may be delayed', () => {
  const { define, send, sent, clock } = openCanvases();
  const a = define('a');
  const inner = chord([a.s(2), a.s(3)], a.si(4));
  const eta = new Date(clock.wallTime() + 5_000);
  const result = send(chord([a.s(1).set({ countdown: 2_000 }), inner, a.s(5).set({ eta })], a.si(6)));
  const outer = { queue: `p.tq.chord.${result.parent?.id}`, expiresMs: 67_000 };
  const nested = { queue: expect.stringMatching(/^p\.tq\.chord\./), expiresMs: 60_000 };
  expect(sent.map(({ chords }) => chords)).toEqual([[outer], [outer, nested], [outer, nested], [outer]]);
  expect(sent.map(({ envelope }) => envelope.group?.index)).toEqual([0, 0, 1, 2]);
  expect(sent.at(-1)?.followers?.map(({ taskId }) => taskId)).toEqual([result.id]);
  expect([sent[0]?.eta, sent[3]?.eta]).toEqual([clock.wallTime() + 2_000, eta.getTime()]);
});

it('calls the body of a chord without members at once', async () => {
  const { define, send, sent } = openCanvases();
  const sum = define('sum');
  const result = send(chord([], sum.s() as never));
  expect(sent.map((call) => [call.envelope.id, bodyOf(call).args, call.chords])).toEqual([
    [result.id, [[]], undefined],
  ]);
});

it('sends nothing of an empty group, which is there at once', async () => {
  const { send, sent } = openCanvases();
  const result = send(group()) as GroupResult;
  expect(sent).toEqual([]);
  await result.published;
  expect(await result.get()).toEqual([]);
});

it('inherits the root of the task that sends it, which is its parent', () => {
  const { define, send, sent } = openCanvases();
  const a = define('a');
  runInTask({ id: 'me', rootId: 'root', task: 'outer' } as TaskContext, () => send(group(a.s(1), a.s(2))));
  expect(sent.map(({ envelope: { rootId, parentId } }) => [rootId, parentId])).toEqual([
    ['root', 'me'],
    ['root', 'me'],
  ]);
});

it('takes the options of steps into their messages', () => {
  const { define, send, sent, clock } = openCanvases();
  const a = define('a');
  const { signal } = new AbortController();
  send(a.s(1).set({ queue: 'q', priority: 3, headers: { h: 1 }, expires: 500, timeLimit: 9, taskId: 'mine' }), {
    signal,
    deadline: 7,
  });
  send(a.s(1).set({ exchange: 'x', routingKey: 'k', ignoreResult: true }));
  expect(sent).toMatchObject([
    {
      envelope: {
        id: 'mine',
        priority: 3,
        headers: { h: 1 },
        expires: clock.wallTime() + 500,
        limits: { timeLimit: 9 },
      },
      ...{ queue: 'p.q', publishTimeoutMs: 7, signal },
    },
    { envelope: { ignoreResult: true }, target: { exchange: 'p.x', routingKey: 'k' } },
  ]);
});

describe('a canvas that cannot be sent', () => {
  it('is refused as a whole with its size and the limit, before anything is sent', async () => {
    const { define, send, sent } = openCanvases({ maxMessageBytes: 400 });
    const a = define('a');
    const result = send(group(a.s(1), a.s('x'.repeat(400) as never))) as GroupResult;
    const error = await ended(result.published);
    expect(error).toMatchObject({
      name: 'PublishError',
      code: 'message-too-large',
      fields: { task: 'a', bytes: 412, maxMessageBytes: 400 },
    });
    expect((error as Error).message).toContain('412 bytes with all that is to follow it, more than the 400');
    expect(await ended(result.get())).toBe(error);
    expect(sent).toEqual([]);
    const long = send(chain(a.s(1), a.s().set({ headers: { h: 'y'.repeat(400) } })));
    expect(await ended(long.get())).toMatchObject({ code: 'message-too-large' });
    expect(sent).toEqual([]);
  });

  it('rejects what it gives with what is wrong, the step named, whatever its shape', async () => {
    const { define, send, sent, unobserved } = openCanvases();
    const a = define('a');
    const wrong = a.s(1).set({ priority: 1_000 });
    for (const canvas of [chain(a.s(1), wrong as never), group(a.s(1), wrong), chord([a.s(1)], wrong as never)]) {
      const result = send(canvas);
      const message = expect.stringMatching(/^(chain step|group member|chord body).*'a'.*priority/);
      expect(await ended(result.get())).toMatchObject({ code: 'invalid-option', message });
      expect(await ended(result.published)).toMatchObject({ code: 'invalid-option', message });
    }
    expect(send(group(a.s(1), wrong))).toMatchObject({ total: 2 });
    expect(sent).toEqual([]);
    await turn();
    expect(unobserved).toMatchObject([{ task: 'a', failed: 2, total: 2 }]);
  });

  it('is refused once the app is closed', async () => {
    const { define, send, canvases } = openCanvases();
    const a = define('a');
    canvases.close();
    expect(await ended(send(a.s(1)).published)).toMatchObject({ code: 'closed' });
  });
});

describe('a call that starts a canvas', () => {
  it('goes through the middleware, which may change it', () => {
    const seen: PublishCall[] = [];
    const publish = composeOnion<PublishCall, void>([
      async (call, next) => {
        seen.push({ ...call });
        Object.assign(call, { args: [...call.args, 2], queue: 'other', priority: 5, headers: { h: 1 } });
        await next();
      },
    ]);
    const { define, send, sent } = openCanvases({ middleware: { publish } });
    const [a, b] = [define('a'), define('b')];
    send(chain(a.s(1), b.s()));
    expect(seen).toMatchObject([{ task: 'a', args: [1], queue: 'tq', exchange: undefined }]);
    expect(sent).toMatchObject([{ queue: 'p.other', envelope: { priority: 5, headers: { h: 1 } } }]);
    expect(bodyOf(sent[0] as OutgoingCall)).toMatchObject({ args: [1, 2], embed: { chain: [{ task: 'b' }] } });
  });

  it('is refused when its arguments do not fit their schema; the steps after it are the worker’s to look at', async () => {
    const schema: StandardSchema<unknown, unknown> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => ((value as number[])[0] === 1 ? { value } : { issues: [{ message: 'expected 1' }] }),
      },
    };
    const { define, send, sent } = openCanvases();
    const [a, b] = [define('a', schema as never), define('b', schema as never)];
    const result = send(chain(a.s(2), b.s()));
    expect(await ended(result.get())).toMatchObject({ code: 'invalid-args' });
    send(chain(a.s(1), b.s()));
    expect(sent).toHaveLength(1);
  });
});

describe('a canvas that is larger than the outbox', () => {
  it('is sent as there is room', async () => {
    const { define, send, sent, state, canvases } = openCanvases();
    const a = define('a');
    let open: () => void = () => undefined;
    state.room = new Promise((resolve) => {
      open = resolve;
    });
    send(group(a.s(1), a.s(2)));
    expect(sent).toHaveLength(0);
    canvases.close();
    state.room = undefined;
    open();
    await canvases.waiting();
    expect(sent).toHaveLength(2);
    expect(canvases.waiting()).toBeUndefined();
  });

  it('is not sent to its end when one of its calls has found the broker away for too long', async () => {
    const { define, send, sent, canvases } = openCanvases();
    const a = define('a');
    const result = send(group(Array.from({ length: 1_002 }, (_, n) => a.s(n)))) as GroupResult;
    sent[0]?.listener.failed(new PublishError('publish-timeout', 'Not published within 30s.'));
    await canvases.waiting();
    expect(sent).toHaveLength(1_000);
    confirmAll(sent.slice(1));
    expect(await ended(result.results[1_001]?.get() as Promise<unknown>)).toMatchObject({
      code: 'publish-timeout',
      message: 'Not sent, since another call of its canvas was not published: Not published within 30s.',
    });
    expect(await ended(result.published)).toMatchObject({ code: 'publish-timeout' });
  });

  it('of 10,000 calls gives the event loop its turns', async () => {
    const { define, send, sent, canvases } = openCanvases();
    const a = define('a');
    const result = send(group(Array.from({ length: 10_000 }, (_, n) => a.s(n)))) as GroupResult;
    expect(sent).toHaveLength(1_000);
    await canvases.waiting();
    expect(sent).toHaveLength(10_000);
    confirmAll(sent);
    await result.published;
  });
});

it('tells once of a canvas whose calls were not published, whatever their number', async () => {
  const { define, send, sent, unobserved } = openCanvases();
  const a = define('a');
  send(group([1, 2, 3].map((n) => a.s(n))));
  const error = new PublishError('unroutable', 'No queue.');
  for (const { listener } of sent) listener.failed(error);
  await turn();
  expect(unobserved).toEqual([{ taskId: sent[0]?.envelope.id, task: 'a', error, failed: 3, total: 3 }]);
});
