import { describe, expect, it } from 'vitest';
import type { TaskProgress } from '../../src/protocol/progress.js';
import { now, reply, setup } from './pending-result.js';

const at = (done: number): TaskProgress => ({ done, total: 100, message: undefined });
const told = (done: number) => ({ status: 'PROGRESS', taskId: 'i1', progress: at(done) }) as const;

/** Reads to the end; `seen` grows meanwhile. */
function readAll(progress: AsyncIterable<TaskProgress>) {
  const seen: number[] = [];
  const over = (async () => {
    for await (const { done } of progress) seen.push(done);
    return 'over';
  })();
  return { seen, over };
}

describe('the progress of a result', () => {
  it('is read as it comes, and ends with the task', async () => {
    const { result } = setup();
    const { seen, over } = readAll(result.progress());
    for (const done of [10, 20]) {
      result.replied(told(done));
      expect(await now(over)).toBe('open');
    }
    expect([seen, result.state]).toEqual([[10, 20], 'started']);
    result.replied(reply('SUCCESS'));
    expect(await over).toBe('over');
  });

  it('ends when the task fails, which get() tells', async () => {
    const { result } = setup();
    const { seen, over } = readAll(result.progress());
    result.replied(told(10));
    result.replied(reply('FAILURE'));
    expect([await over, seen]).toEqual(['over', [10]]);
    await expect(result.get()).rejects.toMatchObject({ code: 'task-failed' });
  });

  it('is the newest alone to a slow reader, and the last one also when the end is there already', async () => {
    const { result } = setup();
    const reader = result.progress()[Symbol.asyncIterator]();
    for (let done = 0; done < 50; done++) result.replied(told(done));
    expect(await reader.next()).toEqual({ done: false, value: at(49) });
    result.replied(told(99));
    result.replied(told(100));
    result.replied(reply('SUCCESS'));
    expect(await reader.next()).toEqual({ done: false, value: at(100) });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it('is there at once for whoever comes late, each reader for itself', async () => {
    const { result } = setup();
    const early = readAll(result.progress());
    result.replied(told(30));
    await now(early.over);
    const late = readAll(result.progress());
    await now(late.over);
    expect([early.seen, late.seen]).toEqual([[30], [30]]);
    result.replied(told(60));
    result.replied(reply('SUCCESS'));
    await Promise.all([early.over, late.over]);
    expect([early.seen, late.seen]).toEqual([
      [30, 60],
      [30, 60],
    ]);
    const after = readAll(result.progress());
    expect([await after.over, after.seen]).toEqual(['over', [60]]);
  });

  it('begins anew when the task is tried again', async () => {
    const { result } = setup();
    const early = readAll(result.progress());
    result.replied(told(90));
    await now(early.over);
    result.replied(reply('RETRY'));
    const late = readAll(result.progress());
    await now(late.over);
    expect(late.seen).toEqual([]);
    result.replied(told(0));
    await now(late.over);
    expect([early.seen, late.seen]).toEqual([[90, 0], [0]]);
  });

  it.each<[string, (result: ReturnType<typeof setup>['result']) => void]>([
    ['is forgotten', (result) => result.forget()],
    ['was not published', (result) => result.failed(new Error('nobody took it'))],
  ])('ends when the result %s', async (_, end) => {
    const { result } = setup();
    const { over } = readAll(result.progress());
    await now(over);
    end(result);
    expect(await over).toBe('over');
  });

  it('is aborted by its signal, also between two words of it', async () => {
    const { result } = setup();
    const waiting = new AbortController();
    const { over } = readAll(result.progress({ signal: waiting.signal }));
    await now(over);
    waiting.abort('enough');
    await expect(over).rejects.toMatchObject({ code: 'result-aborted', cause: 'enough' });
    result.replied(told(1));
    const reading = new AbortController();
    const reader = result.progress({ signal: reading.signal })[Symbol.asyncIterator]();
    await reader.next();
    result.replied(told(2));
    reading.abort();
    await expect(reader.next()).rejects.toMatchObject({ code: 'result-aborted' });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it('keeps the process alive while somebody waits for it, and no longer', async () => {
    const { result, state } = setup();
    const { over } = readAll(result.progress());
    await now(over);
    expect(state.holds).toBe(1);
    const reader = result.progress()[Symbol.asyncIterator]();
    const next = reader.next();
    await now(next);
    expect(state.holds).toBe(2);
    // Ends the wait too.
    await reader.return?.();
    expect([await next, state.holds]).toEqual([{ done: true, value: undefined }, 1]);
    result.replied(told(1));
    for await (const { done } of result.progress()) {
      expect(done).toBe(1);
      break;
    }
    result.replied(reply('SUCCESS'));
    await over;
    expect(state.holds).toBe(0);
  });

  it('is refused inside a task, of a call that asked for no result, and with options that nobody knows', () => {
    expect(() => setup({ runningTask: 'outer' }).result.progress()).toThrow(
      expect.objectContaining({ code: 'result-wait-in-task' }),
    );
    setup({ runningTask: 'outer' }).result.progress({ allowInTask: true });
    expect(() => setup({ ignoreResult: true }).result.progress()).toThrow(
      expect.objectContaining({ code: 'result-forgotten' }),
    );
    expect(() => setup().result.progress({ sginal: undefined } as object)).toThrow("Did you mean 'signal'?");
  });
});
