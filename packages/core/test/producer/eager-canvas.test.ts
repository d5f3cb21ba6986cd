import { currentTask, type TaskFailure } from '@tq/core';
import { internalsOf } from '@tq/core/internal';
import { createTestApp, whenIdle } from '@tq/core/testing';
import { expect, it } from 'vitest';
import { embedText } from '../../src/protocol/canvas/embed.js';
import { bodyTextOf, expand } from '../../src/protocol/canvas/expand.js';
import type { Lazy } from '../../src/protocol/canvas/wire-step.js';
import type { Reply } from '../../src/protocol/reply.js';
import { chain, chord, group, task } from '../protocol/canvas/canvases.js';
import { testRuntime } from '../test-runtime.js';

/** An eager app whose tasks are those of a canvas, and how the tasks of it end by their ids. */
function openScene(options: { readonly maxMessageBytes?: number } = {}) {
  const { logger } = testRuntime();
  const app = createTestApp({ logger, ...options });
  const ran: string[] = [];
  const replies: Record<string, string> = {};
  const noted: unknown[] = [];
  app.task('add', (...values: number[]) => {
    ran.push(currentTask().id);
    return values.reduce((sum, value) => sum + value, 0);
  });
  app.task('list', (values: unknown) => values);
  app.task('repeat', (text: string, times: number) => text.repeat(times));
  app.task('fails', () => {
    throw new RangeError('no');
  });
  app.task('note', (failure: TaskFailure) => void noted.push(failure.task));
  const { transport } = internalsOf(app);
  /** Sends it, each of its later steps with somebody who waits for it. */
  const send = (canvas: Lazy, ...ids: string[]) => {
    const followers = ids.map((taskId) => ({ taskId, listener: listenerOf(taskId) }));
    for (const call of expand(canvas, {}).calls) {
      const { id, task, group } = call.step;
      const nothing = { parentId: undefined, priority: undefined, ignoreResult: false, headers: undefined };
      const texts = { bodyText: bodyTextOf(call, 'tq'), embed: embedText(call.embed, 'tq') };
      const envelope = { ...nothing, id, task, rootId: id, group, ...texts };
      transport.send({
        envelope,
        queue: 'tq',
        publishTimeoutMs: 1,
        signal: undefined,
        followers,
        listener: listenerOf(id),
      });
    }
    return whenIdle(app);
  };
  const listenerOf = (id: string) => ({
    confirmed: () => undefined,
    failed: () => undefined,
    replied: (reply: Reply) => {
      if (reply.status === 'SUCCESS') replies[id] = JSON.stringify(reply.value);
      else if (reply.status === 'FAILURE') replies[id] = reply.error.message;
      else replies[id] = reply.status;
    },
  });
  return { app, send, ran, replies, noted, [Symbol.asyncDispose]: () => app.close() };
}

const add = (id: string, args: readonly number[] = [], more = {}) =>
  task('add', { id, args: JSON.stringify(args), ...more });
const fails = (id: string, more = {}) => task('fails', { id, ...more });
const note = (id: string) => task('note', { id, options: { takesFailure: true } });

it('runs the steps of a chain one after the other, each with the result of the one before', async () => {
  await using scene = openScene();
  await scene.send(
    chain(add('a', [1]), add('b', [2]), add('c', [7], { immutable: true }), add('d', [3])),
    'b',
    'c',
    'd',
  );
  expect(scene.replies).toEqual({ a: '1', b: '3', c: '7', d: '10' });
});

it('calls back with a result, and no errback', async () => {
  await using scene = openScene();
  await scene.send(add('a', [1], { link: [add('l', [5])], linkError: [note('e')] }));
  expect(scene.ran).toEqual(['a', 'l']);
});

it('joins a chord once all members have ended, however they nest', async () => {
  await using scene = openScene();
  const inner = chord('inner', [add('i1', [1]), add('i2', [2])], task('list', { id: 'inner-body' }));
  const header = [inner, group('g', add('g1', [3]), chain(add('c1', [4]), add('c2', [5]))), group('none')];
  await scene.send(chord('outer', header, task('list', { id: 'body' })), 'inner-body', 'c2', 'body');
  expect(scene.replies).toMatchObject({ 'inner-body': '[1,2]', c2: '9', body: '[[1,2],[3,9],[]]' });
});

it('goes on at once with a chord that has no members', async () => {
  await using scene = openScene();
  await scene.send(chord('empty', [], task('list', { id: 'body' })));
  expect(scene.replies).toEqual({ body: '[]' });
});

it('fails a chord of which a member fails once all have ended, and calls its errback once', async () => {
  await using scene = openScene();
  const header = [fails('f1'), add('a', [1]), chain(fails('f2'), add('never'))];
  const body = task('list', { id: 'body', linkError: [note('e')] });
  await scene.send(chain(chord('c', header, body), add('after')), 'body', 'after', 'never');
  expect(scene.replies).toEqual({ f1: 'no', f2: 'no', a: '1', body: 'no' });
  expect(scene.noted).toEqual(['fails']);
  expect(scene.ran).toEqual(['a']);
});

it('fails a chord in whose header a chord fails', async () => {
  await using scene = openScene();
  const inner = chord('inner', [fails('f')], chain(task('list', { id: 'inner-body' }), add('end')));
  await scene.send(chord('outer', [inner, add('a')], task('list', { id: 'body' })), 'inner-body', 'end', 'body');
  expect(scene.replies).toEqual({ f: 'no', a: '0', 'inner-body': 'no', body: 'no' });
});

it('calls the errbacks of the step that fails, and no others', async () => {
  await using scene = openScene();
  const other = { linkError: [note('other')] };
  await scene.send(chain(add('a', [], other), fails('f', { linkError: [note('e')] }), add('c', [], other)), 'f', 'c');
  expect(scene.noted).toEqual(['fails']);
  expect(scene.replies).toEqual({ a: '0', f: 'no' });
});

it('fails a task whose next step would be too large', async () => {
  await using scene = openScene({ maxMessageBytes: 2_000 });
  const step = (id: string) => task('repeat', { id, args: '[30]' });
  const first = task('repeat', { id: 'a', args: '["x",30]' });
  await scene.send(chain(first, step('b'), step('c')), 'b', 'c');
  expect(scene.replies.b).toBe(JSON.stringify('x'.repeat(900)));
  expect(scene.replies.c).toContain('more than the 2000 that maxMessageBytes allows');
});
