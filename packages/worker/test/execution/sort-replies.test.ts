import { encodeError, encodeReply, type FinalState, type HeldReply } from '@tq/core/internal';
import { describe, expect, it } from 'vitest';
import { sortReplies } from '../../src/execution/join/sort-replies.js';

let tags = 0;
const held = (index: unknown, state: FinalState, id = `id-${index}`): HeldReply => {
  const { properties, body } = encodeReply(id, state);
  return { properties: { ...properties, headers: { group_index: index as number, task: 'add' } }, body, tag: ++tags };
};
const done = (index: unknown, resultText: string) => held(index, { status: 'SUCCESS', resultText });
const failed = (index: number, text: string) =>
  held(index, { status: 'FAILURE', failure: encodeError(new RangeError(text)) });

describe('the replies of a chord', () => {
  it('are sorted by member, results as they stand there', () => {
    const sorted = sortReplies([done(1, '12345678901234567890'), done(0, '{"a": 1}')], 2);
    expect(sorted.count).toBe(2);
    expect([...sorted.results]).toEqual([
      [1, '12345678901234567890'],
      [0, '{"a": 1}'],
    ]);
    expect(sorted.failed).toBeUndefined();
  });

  it('count once a member, by its first', () => {
    const second = failed(0, 'second');
    const sorted = sortReplies([done(0, '1'), second], 2);
    expect(sorted).toMatchObject({ count: 1, failed: undefined, surplus: [second] });
  });

  it('have one that failed first, whatever failed after it', () => {
    const sorted = sortReplies([failed(2, 'early'), done(0, '1'), failed(1, 'late')], 3);
    expect(sorted.count).toBe(3);
    expect(sorted.failed).toMatchObject({
      taskId: 'id-2',
      task: 'add',
      failure: { error: { exc_message: ['early'] } },
    });
  });

  it('are no more than the members: what is none of theirs is surplus', () => {
    const strange = [done(2, '1'), done(-1, '1'), done('0', '1'), done(undefined, '1')];
    const text: HeldReply = { properties: { headers: { group_index: 0 } }, body: Buffer.from('none'), tag: ++tags };
    expect(sortReplies([...strange, text], 2)).toMatchObject({ count: 0, surplus: [...strange, text] });
  });
});
