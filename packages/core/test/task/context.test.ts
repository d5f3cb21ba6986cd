import { expect, it } from 'vitest';
import { currentTask, findCurrentTask, runInTask, type TaskContext } from '../../src/task/context.js';

const context = (id: string) => ({ id }) as TaskContext;

it('outside a task there is none, and the error says what that means', () => {
  expect(findCurrentTask()).toBeUndefined();
  expect(() => currentTask()).toThrow(expect.objectContaining({ code: 'not-a-task' }));
  expect(() => currentTask()).toThrow('works inside a running task only');
});

it('follows a task through its awaits, and does not leak into another', async () => {
  const turns: string[] = [];
  const run = (id: string) =>
    runInTask(context(id), async () => {
      for (let turn = 0; turn < 3; turn++) {
        turns.push(`${id} ${currentTask().id}`);
        await Promise.resolve();
      }
    });
  await Promise.all([run('a'), run('b')]);
  expect(turns).toEqual(['a a', 'b b', 'a a', 'b b', 'a a', 'b b']);
  expect(findCurrentTask()).toBeUndefined();
});
