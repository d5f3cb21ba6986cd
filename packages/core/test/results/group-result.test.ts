import { expect, it } from 'vitest';
import { PublishError } from '../../src/errors.js';
import type { AsyncResult, GroupResult } from '../../src/results/async-result.js';
import { ended, group, openCanvas, task } from './canvas.js';
import { now } from './pending-result.js';

function openGroup(...ids: string[]) {
  const opened = openCanvas(group('g', ...ids.map((id) => task(id))), ids);
  return { ...opened, result: opened.result as GroupResult };
}

it('gives the results in the order of its members, whichever came first', async () => {
  const { result, succeed, seen } = openGroup('a', 'b', 'c');
  const waiting = result.get();
  expect([result.total, result.completed(), seen.holds]).toEqual([3, 0, 1]);
  succeed('c', 3);
  succeed('a', 1);
  expect([await now(waiting), result.completed()]).toEqual(['open', 2]);
  succeed('b', 2);
  expect(await waiting).toEqual([1, 2, 3]);
  expect(await result.get()).toEqual([1, 2, 3]);
  expect(seen.holds).toBe(0);
});

it('without members has all of its results at once', async () => {
  const { result } = openGroup();
  expect(await result.get()).toEqual([]);
  expect(await result.allSettled()).toEqual([]);
  expect(await result.iterate().next()).toEqual({ done: true, value: undefined });
  await result.published;
});

it('fails as soon as a member fails, and tells how all have ended', async () => {
  const { result, succeed, fail, expire } = openGroup('a', 'b', 'c');
  const waiting = ended(result.get());
  const all = result.allSettled();
  fail('b');
  expect(await waiting).toMatchObject({ taskId: 'b', message: "Task 'b' (b) failed: RangeError: too big" });
  expect(await now(all)).toBe('open');
  succeed('a', 1);
  expire('c');
  expect(await all).toEqual([
    { status: 'fulfilled', value: 1 },
    { status: 'rejected', reason: expect.objectContaining({ code: 'task-failed', taskId: 'b' }) },
    { status: 'rejected', reason: expect.objectContaining({ code: 'task-revoked', taskId: 'c' }) },
  ]);
  expect(await ended(result.get())).toMatchObject({ taskId: 'b' });
});

it('gives its members as they end', async () => {
  const { result, succeed, fail } = openGroup('a', 'b', 'c');
  const members = result.iterate();
  succeed('c');
  expect(await members.next()).toEqual({ done: false, value: { index: 2, result: result.results[2] } });
  const next = members.next();
  expect(await now(next)).toBe('open');
  fail('a');
  const { value } = await next;
  expect(value).toEqual({ index: 0, result: result.results[0] });
  expect(await ended((value as { result: AsyncResult<unknown> }).result.get())).toMatchObject({ taskId: 'a' });
  succeed('b');
  expect((await members.next()).value).toMatchObject({ index: 1 });
  expect(await members.next()).toEqual({ done: true, value: undefined });
});

it('nests: a member that is a group is one member, and gives a list', async () => {
  const { result, succeed, fail } = openCanvas(group('g', group('h', task('a'), task('b')), group('i'), task('c')), [
    'a',
    'b',
    'c',
  ]);
  const outer = result as GroupResult;
  const waiting = outer.get();
  succeed('a', 1);
  succeed('c', 3);
  await now(waiting);
  expect([outer.total, outer.completed()]).toEqual([3, 2]);
  succeed('b', 2);
  expect(await waiting).toEqual([[1, 2], [], 3]);
  fail('b');
  expect(await outer.get()).toEqual([[1, 2], [], 3]);
});

it('of groups fails with the first failure, though its group has not ended', async () => {
  const { result, fail } = openCanvas(group('g', group('h', task('a'), task('b')), task('c')), ['a', 'b', 'c']);
  const waiting = ended(result.get());
  fail('a');
  expect(await waiting).toMatchObject({ taskId: 'a' });
});

it('ends every wait by its timeout and its signal, and says what is missing', async () => {
  const { result, succeed, clock, seen, begin } = openGroup('a', 'b', 'c');
  succeed('a');
  begin('b');
  const waits = [result.get({ timeout: 10 }), result.allSettled({ timeout: 10 })].map(ended);
  const members = result.iterate({ timeout: 10 });
  await members.next();
  const next = ended(members.next());
  await now(next);
  clock.advance(10);
  const error = {
    code: 'result-timeout',
    message: "No result of the group g within 10ms: 1 of 3 members have ended; task 'b' (b): its state is 'started'.",
    fields: { groupId: 'g', timeoutMs: 10 },
  };
  for (const wait of [...waits, next]) expect(await wait).toMatchObject(error);
  const controller = new AbortController();
  const aborted = ended(result.get({ signal: controller.signal }));
  await now(aborted);
  controller.abort();
  expect(await aborted).toMatchObject({ code: 'result-aborted', fields: { groupId: 'g' } });
  expect(await ended(result.get({ signal: AbortSignal.abort() }))).toMatchObject({ code: 'result-aborted' });
  expect(seen.holds).toBe(0);
});

it('checks how it is waited for, and refuses that inside a task', async () => {
  const { result } = openGroup('a');
  expect(await ended(result.get({ timout: 1 } as object))).toMatchObject({ code: 'unknown-option' });
  expect(await ended(result.allSettled({ timeout: Number.NaN }))).toMatchObject({ code: 'invalid-option' });
  const inside = openCanvas(group('g', task('a')), ['a'], 'outer').result as GroupResult;
  for (const wait of [inside.get(), inside.allSettled(), inside.iterate().next()]) {
    expect(await ended(wait)).toMatchObject({ code: 'result-wait-in-task' });
  }
});

it('of 10,000 members waits with one timer, and keeps no account of what is over', async () => {
  const ids = Array.from({ length: 10_000 }, (_, at) => `m${at}`);
  const { result, succeed, seen } = openGroup(...ids);
  const waiting = result.get();
  expect(seen.holds).toBe(1);
  for (const id of ids) succeed(id);
  expect(await waiting).toEqual(ids);
});

it('is given up with forget()', async () => {
  const { result, seen } = openGroup('a', 'b');
  result.forget();
  expect(seen.forgotten).toEqual(['b', 'a']);
  expect(await ended(result.get())).toMatchObject({ code: 'result-forgotten' });
});

it('tells that all of it is published, or what was not', async () => {
  const { result, canvas } = openGroup('a', 'b');
  const published = ended(result.published);
  canvas.confirmed();
  expect(await now(published)).toBe('open');
  canvas.confirmed();
  expect(await published).toBeUndefined();
  const other = openGroup('a', 'b');
  const error = new PublishError('unroutable', 'No queue.');
  other.canvas.failed('b', 'b', error);
  expect(await ended(other.result.published)).toBe(error);
});

it('tells once that parts of it were not published, where nobody waits or asks', async () => {
  const error = new PublishError('unroutable', 'No queue.');
  const { canvas, seen } = openGroup('a', 'b', 'c');
  canvas.failed('b', 'tb', error);
  canvas.confirmed();
  await now(Promise.resolve());
  expect(seen.unpublished).toEqual([]);
  canvas.failed('c', 'tc', new PublishError('closed', 'later'));
  await now(Promise.resolve());
  expect(seen.unpublished).toEqual([{ taskId: 'b', task: 'tb', error, failed: 2, total: 3 }]);
  const awaited = openGroup('a');
  const waiting = ended(awaited.result.get());
  awaited.canvas.failed('a', 'a', error);
  awaited.listenerOf('a').failed(error);
  expect(await waiting).toBe(error);
  expect(awaited.seen.unpublished).toEqual([]);
});
