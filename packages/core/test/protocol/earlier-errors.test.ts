import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  appendEarlierError,
  decodeEarlierErrors,
  type EarlierError,
  encodeEarlierErrors,
  NO_EARLIER_ERRORS,
} from '../../src/protocol/earlier-errors.js';
import { decodeEnvelope, encodeEnvelope } from '../../src/protocol/envelope.js';
import { encodeError } from '../../src/protocol/error-codec.js';
import { encodeBody } from '../../src/protocol/task-body.js';
import { decodeFrames, encodeFrames } from './amqp-frames.js';
import { inbound } from './inbound.js';

const failedAt = (attempt: number, thrown: unknown) => ({ attempt, failure: encodeError(thrown), time: attempt });

describe('the errors of earlier tries', () => {
  it('are text, with the try and its time, and come back from the wire as they were', () => {
    const errors = appendEarlierError(NO_EARLIER_ERRORS, failedAt(1, new RangeError('too far')));
    expect(errors).toEqual([{ attempt: 1, error: 'RangeError: too far', time: '1970-01-01T00:00:00.001Z' }]);
    const call = { id: 'i', task: 't', rootId: 'i', parentId: undefined, priority: undefined, ignoreResult: false };
    const encoded = encodeEnvelope({ ...call, headers: undefined, bodyText: encodeBody([], 'tq') }, 'r');
    const headers = { ...encoded.properties.headers, 'tq-errors': encodeEarlierErrors(errors) };
    const message = decodeFrames(encodeFrames({ ...encoded, properties: { ...encoded.properties, headers } }, 'q'));
    expect(decodeEnvelope(message).errors).toEqual(errors);
  });

  it('are the last ten, each cut', () => {
    let errors: readonly EarlierError[] = [];
    for (let attempt = 1; attempt <= 25; attempt++)
      errors = appendEarlierError(errors, failedAt(attempt, 'x'.repeat(999)));
    expect(errors.map(({ attempt }) => attempt)).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
    expect(errors.every(({ error }) => error.length === 300 && error.startsWith('NonErrorThrown: xxx'))).toBe(true);
  });

  it('are no reason to refuse a task, whatever somebody else has put there', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const errors = decodeEarlierErrors(value);
        expect(decodeEarlierErrors(encodeEarlierErrors(errors))).toEqual(errors);
      }),
    );
    const headers = {
      'tq-errors': [null, 7, { attempt: 'x', error: 'E', time: 't' }, { attempt: 2, error: 'E', time: 't' }],
    };
    expect(decodeEnvelope(inbound({}, headers)).errors).toEqual([{ attempt: 2, error: 'E', time: 't' }]);
    expect(decodeEnvelope(inbound({}, { 'tq-errors': 'none' })).errors).toEqual([]);
  });
});
