import { describe, expect, it } from 'vitest';
import { checkProgress, type TaskProgress } from '../../src/protocol/progress.js';
import { decodeReply, encodeProgress, isFinal } from '../../src/protocol/reply.js';

const read = (result: unknown, status = 'PROGRESS') =>
  decodeReply(JSON.stringify({ task_id: 'i1', status, result, traceback: null, children: [] }));

describe('what a handler says of its progress', () => {
  it.each<[unknown[], TaskProgress]>([
    [[0, 0], { done: 0, total: 0, message: undefined }],
    [[0.5, 1, ''], { done: 0.5, total: 1, message: '' }],
    [[12], { done: 12, total: undefined, message: undefined }],
    [[3, 2, 'more than there was'], { done: 3, total: 2, message: 'more than there was' }],
    [[1, 2, 'x'.repeat(1_001)], { done: 1, total: 2, message: 'x'.repeat(1_000) }],
  ])('takes %j', ([done, total, message], expected) => {
    expect(checkProgress(done, total, message)).toEqual(expected);
  });

  it.each([
    [[-1, 2], 'done: expected a finite number from 0 on, found -1.'],
    [[Number.NaN, 2], 'done: expected a finite number from 0 on, found NaN.'],
    [['3', 10], 'done: expected a finite number from 0 on, found string.'],
    [[undefined, 10], 'done: expected a finite number from 0 on, found undefined.'],
    [
      [1, Number.POSITIVE_INFINITY],
      'total: expected a finite number from 0 on, or undefined where it is not known, found Infinity.',
    ],
    [[1, null], 'total: expected a finite number from 0 on, or undefined where it is not known, found null.'],
    [[1, 2, { text: 'x' }], 'message: expected text or undefined, found object.'],
  ])('refuses %j and says what is wrong', ([done, total, message], text) => {
    expect(() => checkProgress(done, total, message)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: `progress(done, total, message): ${text}` }),
    );
  });
});

describe('a reply that tells progress', () => {
  it('is read as it was written, and ends nothing', () => {
    const progress = { done: 3, total: 10, message: 'reading' };
    const reply = decodeReply(encodeProgress('i1', progress).body.toString());
    expect(reply).toEqual({ status: 'PROGRESS', taskId: 'i1', progress });
    expect(isFinal(reply)).toBe(false);
    const unknown = { done: 3, total: undefined, message: undefined };
    expect(decodeReply(encodeProgress('i1', unknown).body.toString())).toMatchObject({ progress: unknown });
  });

  it("has the fields of Celery's custom states, may be lost, and is not kept for a caller who stays away", () => {
    const { properties, body } = encodeProgress('i1', { done: 3, total: undefined, message: 'reading' });
    expect(JSON.parse(body.toString())).toEqual({
      task_id: 'i1',
      status: 'PROGRESS',
      result: { done: 3, current: 3, total: null, message: 'reading' },
      traceback: null,
      children: [],
    });
    expect(properties).toMatchObject({ correlationId: 'i1', deliveryMode: 1, expiration: '60000' });
  });

  it.each([
    [
      { current: 5, total: 20 },
      { done: 5, total: 20, message: undefined },
    ],
    [
      { current: 5, total: 20, status: 'resizing' },
      { done: 5, total: 20, message: 'resizing' },
    ],
    [
      { done: 1, current: 2, total: -1, description: 'copying' },
      { done: 1, total: undefined, message: 'copying' },
    ],
  ])('is understood of a Python task that says %j, whatever it calls the state', (meta, progress) => {
    expect(read(meta)).toEqual({ status: 'PROGRESS', taskId: 'i1', progress });
    expect(read(meta, 'UPLOADING')).toEqual({ status: 'PROGRESS', taskId: 'i1', progress });
  });

  it.each([[null], ['half'], [{ percent: 50 }], [{ current: '5', total: 20 }], [{ current: -1 }]])(
    'says no more than that the task has started when a Python task says %j',
    (meta) => {
      expect(read(meta)).toEqual({ status: 'STARTED', taskId: 'i1' });
    },
  );
});
