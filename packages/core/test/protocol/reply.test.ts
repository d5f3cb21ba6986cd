import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeError, encodeRevocation } from '../../src/protocol/error-codec.js';
import { decodeReply, encodeReply, type FinalState, isFinal, UNDEFINED_RESULT } from '../../src/protocol/reply.js';
import { serialize } from '../../src/protocol/serializer.js';
import { expectGolden } from './golden.js';

const ID = '67119e57-9352-488f-9b36-dadd8057ae79';
const TQ = { tqTypes: true };

const overTheWire = (state: FinalState) => decodeReply(encodeReply(ID, state).body.toString());
const success = (value: unknown): FinalState => ({ status: 'SUCCESS', resultText: serialize(value, 'result', TQ) });
const failure = {
  status: 'FAILURE',
  failure: {
    error: { exc_type: 'RangeError', exc_message: ['too far'], exc_module: 'tq', code: 'ERR_FAR' },
    traceback: 'RangeError: too far\n    at task.js:1:1',
  },
} as const satisfies FinalState;

describe('the bytes of a reply', () => {
  it('are pinned: success', () => expectGolden('reply-success', encodeReply(ID, success({ sum: 5, list: [1, null] }))));
  it('are pinned: nothing returned', () => expectGolden('reply-undefined', encodeReply(ID, success(undefined))));
  it('are pinned: failure', () => expectGolden('reply-failure', encodeReply(ID, failure)));

  it('are pinned: revoked', () =>
    expectGolden('reply-revoked', encodeReply(ID, { status: 'REVOKED', failure: encodeRevocation('expired') })));

  it.each([
    ['success', success([1, 2]), { status: 'SUCCESS', result: [1, 2], traceback: null }],
    ['nothing returned', success(undefined), { status: 'SUCCESS', result: null, traceback: null }],
    [
      'failure',
      failure,
      { status: 'FAILURE', result: { exc_type: 'RangeError', exc_message: ['too far'], exc_module: 'tq' } },
    ],
  ])('hold what a Python caller needs: %s', (_, state, expected) => {
    const { properties, body } = encodeReply(ID, state);
    expect(JSON.parse(body.toString())).toMatchObject({ task_id: ID, children: [], ...expected });
    expect(properties).toEqual({
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      correlationId: ID,
    });
  });
});

it('a retry is told with its error, as Celery tells it, and ends no call', () => {
  const state = { status: 'RETRY', failure: failure.failure } as const;
  const reply = decodeReply(encodeReply(ID, state).body.toString());
  expect(reply).toMatchObject({ status: 'RETRY', taskId: ID, error: { name: 'RangeError', message: 'too far' } });
  expect(isFinal(reply)).toBe(false);
});

describe('decodeReply', () => {
  it('gives back the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(overTheWire(success(value))).toStrictEqual({ status: 'SUCCESS', taskId: ID, value });
      }),
    );
    expect(overTheWire(success(new Map([[1n, new Date(0)]])))).toStrictEqual({
      status: 'SUCCESS',
      taskId: ID,
      value: new Map([[1n, new Date(0)]]),
    });
  });

  it('tells undefined from null', () => {
    expect(serialize(undefined, 'result', TQ)).toBe(UNDEFINED_RESULT);
    expect(overTheWire(success(undefined))).toStrictEqual({ status: 'SUCCESS', taskId: ID, value: undefined });
    expect(overTheWire(success(null))).toStrictEqual({ status: 'SUCCESS', taskId: ID, value: null });
    expect(overTheWire(success([undefined]))).toStrictEqual({ status: 'SUCCESS', taskId: ID, value: [undefined] });
  });

  it('gives back the failure with code, stack and cause', () => {
    const thrown = new Error('outer', { cause: Object.assign(new TypeError('inner'), { code: 'E_INNER' }) });
    expect(overTheWire({ status: 'FAILURE', failure: encodeError(thrown) })).toEqual({
      status: 'FAILURE',
      taskId: ID,
      error: {
        name: 'Error',
        message: 'outer',
        stack: thrown.stack,
        code: undefined,
        cause: { name: 'TypeError', message: 'inner', stack: undefined, code: 'E_INNER', cause: undefined },
      },
    });
  });

  it('keeps a task id that needs escaping', () => {
    const id = '"\\\u2028\ud800';
    expect(decodeReply(encodeReply(id, success(1)).body.toString())).toMatchObject({ taskId: id });
  });

  it.each(['RECEIVED', 'STARTED'] as const)('reads %s, whatever its result', (status) => {
    expect(decodeReply(JSON.stringify({ task_id: ID, status, result: { pid: 1 } }))).toEqual({ status, taskId: ID });
  });

  it("reads a Python task's own state as started", () => {
    expect(decodeReply(`{"task_id":"${ID}","status":"UPLOADING","result":"half"}`)).toEqual({
      status: 'STARTED',
      taskId: ID,
    });
  });

  it('reads REVOKED as an error', () => {
    const result = { exc_type: 'TaskRevokedError', exc_message: ['expired'], exc_module: 'celery.exceptions' };
    expect(decodeReply(JSON.stringify({ task_id: ID, status: 'REVOKED', result }))).toMatchObject({
      status: 'REVOKED',
      error: { name: 'TaskRevokedError', message: 'expired' },
    });
  });

  it.each([
    ['an object, found number', '5'],
    ['an object, found null', 'null'],
    ['an object, found string', '"secret"'],
    ['a task_id, found undefined', '{"status":"SUCCESS"}'],
    ['a task_id, found undefined', '[]'],
    ['a task_id, found number', '{"task_id":5}'],
    ['text as its status, found undefined', '{"task_id":"x"}'],
    ['text as its status, found number', '{"task_id":"x","status":1}'],
  ])('refuses what is none: expected %s', (text, body) => {
    expect(() => decodeReply(body)).toThrow(
      expect.objectContaining({ code: 'poison', message: `Not a reply: expected ${text}.` }),
    );
  });

  it('throws nothing but poison, whatever comes', () => {
    const status = fc.oneof(fc.constantFrom('SUCCESS', 'FAILURE', 'RETRY', 'REVOKED', 'STARTED'), fc.jsonValue());
    const reply = fc.record(
      { task_id: fc.oneof(fc.constant(ID), fc.jsonValue()), status, result: fc.jsonValue(), traceback: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          reply.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          try {
            decodeReply(text);
          } catch (error) {
            expect(error).toMatchObject({ name: 'TqError', code: 'poison' });
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
