import { describe, expect, it } from 'vitest';
import { PublishError, TaskFailedError, TaskRevokedError } from '../../src/errors.js';
import type { AsyncResult, GroupResult } from '../../src/results/async-result.js';
import { chain, chord, ended, group, openCanvas, task } from './canvas.js';

const three = () => openCanvas(chain(task('a'), task('b'), task('c')), ['a']);

describe('the result of a chain', () => {
  it('is that of its last step, from which parent walks back to the first', async () => {
    const { result, succeed } = three();
    const before = result.parent as AsyncResult<unknown>;
    expect([result.id, before.id, before.parent?.id, before.parent?.parent]).toEqual(['c', 'b', 'a', undefined]);
    succeed('a');
    succeed('b', 'two');
    succeed('c', 'three');
    expect(await result.get()).toBe('three');
    expect(await before.get()).toBe('two');
  });

  it('waits for its later steps with the call that starts it', () => {
    const { starts } = three();
    expect([...starts.keys()]).toEqual(['a']);
    expect(starts.get('a')?.followers.map(({ taskId }) => taskId)).toEqual(['b', 'c']);
  });

  it('fails as soon as a step has failed, with that step named; what follows it is skipped', async () => {
    const { result, succeed, fail, seen, states } = three();
    succeed('a');
    fail('b');
    const error = await ended(result.get());
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({
      message: "Task 'b' (b) failed: RangeError: too big",
      taskId: 'b',
      fields: { taskId: 'b', task: 'b' },
      remote: { name: 'RangeError' },
    });
    expect(await ended((result.parent as AsyncResult<unknown>).get())).toMatchObject({
      message: "Task 'b' (b) failed: RangeError: too big",
    });
    expect(states).toEqual([
      ['a', 'published'],
      ['a', 'success'],
      ['b', 'published'],
      ['b', 'failure'],
      ['c', 'skipped'],
    ]);
    expect(seen.forgotten).toEqual(['c']);
  });

  it('fails through all steps at once when the first one fails or expires', async () => {
    const failed = three();
    failed.fail('a');
    expect(await ended(failed.result.get())).toMatchObject({ taskId: 'a' });
    const late = three();
    late.expire('a');
    const error = await ended(late.result.get());
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect(error).toMatchObject({ taskId: 'a', reason: 'expired' });
    expect((late.result as AsyncResult<unknown>).state).toBe('skipped');
  });

  it('is not skipped by a failure that is tried again, nor by what its own reply says later', async () => {
    const { result, listenerOf, succeed } = three();
    const error = { name: 'E', message: 'm', stack: undefined, code: undefined, cause: undefined };
    listenerOf('a').replied({ status: 'RETRY', taskId: 'a', error });
    succeed('a');
    succeed('b');
    succeed('c', 1);
    listenerOf('b').failed(new PublishError('publish-nacked', 'late'));
    expect(await result.get()).toBe(1);
  });

  it('is skipped when its first call is not published, and unknown when nobody knows', async () => {
    const { result, listenerOf } = three();
    listenerOf('a').failed(new PublishError('unroutable', 'No queue took it.'));
    expect(await ended(result.get())).toMatchObject({
      name: 'PublishError',
      code: 'unroutable',
      message: "Task 'a' (a) was not published, so nothing that follows it is called: No queue took it.",
      fields: { taskId: 'a', task: 'a' },
    });
    const other = three();
    other.listenerOf('a').failed(new PublishError('publish-timeout', 'No confirm.', { outcomeUnknown: true }));
    expect((other.result as AsyncResult<unknown>).state).toBe('unknown');
  });

  it('of thousands of steps ends like any other', async () => {
    const ids = Array.from({ length: 20_000 }, (_, at) => `s${at}`);
    const { result, fail } = openCanvas(chain(...ids.map((id) => task(id))), ['s0']);
    fail('s0');
    expect(await ended(result.get())).toMatchObject({ taskId: 's0' });
  });

  it('gives up its steps with forget()', async () => {
    const { result, seen } = three();
    result.forget();
    expect(seen.forgotten).toEqual(['c', 'b', 'a']);
    expect(await ended(result.get())).toMatchObject({ code: 'result-forgotten' });
  });

  it('that does not come says which step it waits for, and what of that is known', async () => {
    const { result, succeed, clock, listenerOf, answerStatus, begin } = three();
    answerStatus({ messages: 3, consumers: 0, caughtUp: true });
    const wait = async () => {
      const error = ended(result.get({ timeout: 5 }));
      clock.advance(5);
      return ((await error) as Error).message;
    };
    expect(await wait()).toContain("No result of task 'c' within 5ms: it follows task 'a' (a): the call is");
    listenerOf('a').confirmed();
    expect(await wait()).toContain("task 'a' (a): 'q' has 3 messages and no consumer: is a worker running on it?");
    succeed('a');
    begin('b');
    expect(await wait()).toBe("No result of task 'c' within 5ms: it follows task 'b' (b): its state is 'started'.");
    succeed('b');
    expect(await wait()).toContain("within 5ms: 'q' has 3 messages and no consumer");
  });

  it('is refused inside a task like any other', async () => {
    const { result } = openCanvas(chain(task('a'), task('b')), ['a'], 'outer');
    expect(await ended(result.get())).toMatchObject({ code: 'result-wait-in-task' });
  });
});

describe('the result of a chord', () => {
  const joined = () => openCanvas(chord('g', [task('a'), chain(task('b'), task('c'))], task('z')), ['a', 'b']);

  it("is its body's, whose parent is the header's", async () => {
    const { result, starts, succeed } = joined();
    const header = result.parent as GroupResult;
    expect([result.id, header.id, header.results.map(({ id }) => id)]).toEqual(['z', 'g', ['a', 'c']]);
    expect([...starts.values()].map(({ followers }) => followers.map(({ taskId }) => taskId))).toEqual([
      [],
      ['c', 'z'],
    ]);
    for (const id of ['a', 'b', 'c']) succeed(id);
    succeed('z', 26);
    expect(await result.get()).toBe(26);
    expect(await header.get()).toEqual(['a', 'c']);
  });

  it('fails with the first of its header that fails, and so does what follows its body', async () => {
    const { result, fail } = openCanvas(chord('g', [task('a'), task('b')], chain(task('z'), task('end'))), ['a', 'b']);
    fail('b');
    expect(await ended(result.get())).toMatchObject({ taskId: 'b' });
    expect((result as AsyncResult<unknown>).state).toBe('skipped');
    expect((result.parent as AsyncResult<unknown>).state).toBe('skipped');
  });

  it('fails with a step of a member before its last', async () => {
    const { result, fail } = joined();
    fail('b');
    expect(await ended(result.get())).toMatchObject({ fields: { task: 'b' } });
  });

  it('without members is its body, which is called at once', async () => {
    const { result, starts, succeed } = openCanvas(chord('g', [], task('z')), ['z']);
    expect([...starts.keys()]).toEqual(['z']);
    expect(await (result.parent as GroupResult).get()).toEqual([]);
    succeed('z', 0);
    expect(await result.get()).toBe(0);
  });

  it('in a chord is one of its members', async () => {
    const inner = chord('h', [task('a'), task('b')], task('y'));
    const { result, succeed, fail } = openCanvas(chord('g', [inner, task('c')], task('z')), ['a', 'b', 'c']);
    expect((result.parent as GroupResult).results.map(({ id }) => id)).toEqual(['y', 'c']);
    for (const id of ['a', 'b', 'c']) succeed(id);
    fail('y');
    expect(await ended(result.get())).toMatchObject({ taskId: 'y' });
  });
});

describe('what a task calls beside', () => {
  it('is waited for, skipped with it, and forgotten with it', () => {
    const linked = () => openCanvas(chain(task('a', { link: [task('x')] }), task('b')), ['a']);
    const failed = linked();
    expect(failed.starts.get('a')?.followers.map(({ taskId }) => taskId)).toEqual(['x', 'b']);
    failed.fail('a');
    expect(failed.states.slice(2)).toEqual([
      ['x', 'skipped'],
      ['b', 'skipped'],
    ]);
    const forgotten = linked();
    forgotten.result.forget();
    expect(forgotten.seen.forgotten).toEqual(['b', 'a', 'x']);
    const ids = Array.from({ length: 20_000 }, (_, at) => `s${at}`);
    const long = openCanvas(chain(...ids.map((id) => task(id))), ['s0']);
    long.result.forget();
    expect(long.seen.forgotten).toEqual(ids.toReversed());
  });
});

describe('a group after a task', () => {
  it('fails when the task does; without members it has the empty list once that has succeeded', async () => {
    const { result, fail } = openCanvas(chain(task('a'), group('g', task('b'), task('c'))), ['a']);
    fail('a');
    expect(await ended(result.get())).toMatchObject({ taskId: 'a' });
    const empty = openCanvas(chain(task('a'), group('g')), ['a']);
    empty.fail('a');
    expect(await ended(empty.result.get())).toMatchObject({ taskId: 'a' });
    const other = openCanvas(chain(task('a'), group('g')), ['a']);
    other.succeed('a');
    expect(await other.result.get()).toEqual([]);
  });

  it('without members ends the group that it is in no sooner than what comes before it', async () => {
    const { result, succeed } = openCanvas(group('o', chain(task('a'), group('g')), chain(task('b'), group('h'))), [
      'a',
      'b',
    ]);
    const all = result as GroupResult<unknown[]>;
    succeed('a');
    expect(all.completed()).toBe(1);
    succeed('b');
    expect(await all.get()).toEqual([[], []]);
    const failing = openCanvas(group('o', chain(task('a'), group('g'))), ['a']);
    failing.fail('a');
    expect(await ended(failing.result.get())).toMatchObject({ taskId: 'a' });
  });
});
