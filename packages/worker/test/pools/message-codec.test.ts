import type { Headers } from '@tq/core/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEADER_BYTES } from '../../src/pools/frames.js';
import type { ChildMessage, ParentMessage, SuccessMessage } from '../../src/pools/job-messages.js';
import { decodeMessage, encodeMessage } from '../../src/pools/message-codec.js';

const through = (message: ParentMessage | ChildMessage) => decodeMessage(encodeMessage(message).subarray(HEADER_BYTES));

/** Of any characters, NUL too, but no halves of a surrogate pair: those cannot come from a broker. */
const text = fc.string({ unit: 'binary' });
const headers = fc.dictionary(
  text,
  fc.oneof(text, fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.array(text)),
) as fc.Arbitrary<Headers>;

describe('a message to or from a process', () => {
  it('is a job as it was, whatever its texts and headers are', () => {
    const attempt = fc.nat();
    const parent = fc.option(text, { nil: undefined });
    fc.assert(
      fc.property(text, text, attempt, text, text, parent, headers, text, (...fields) => {
        expect(through(['run', ...fields])).toEqual(['run', ...fields]);
      }),
    );
  });

  it('is a job with what its call says of retries, what earlier tries failed with, and when it is too late', () => {
    const errors = [{ attempt: 1, error: 'Error: no', time: '2026-01-01T00:00:00.000Z' }];
    for (const history of [
      { retry: { maxRetries: 5 }, errors: [], expires: undefined },
      { retry: false, errors, expires: 1_000 } as const,
    ]) {
      const message = ['run', 'i', 't', 2, 'q', 'r', undefined, {}, '[]', history] as const;
      expect(through(message)).toEqual(message);
    }
  });

  it('is a plain message as it was, whatever earlier tries there were', () => {
    const message = { exchange: 'x', routingKey: 'k', timestamp: new Date(0), headers: { list: [1, null] } };
    const foreign = { format: 'text', message } as const;
    for (const history of [undefined, { retry: undefined, errors: [], expires: 5 }]) {
      const run = ['run', 'i', 't', 2, 'q', 'r', undefined, {}, 'a\0b', history, foreign] as const;
      expect(through(run)).toEqual(run);
    }
  });

  it('is a result as it was, with the memory of the child where it is told', () => {
    fc.assert(
      fc.property(text, fc.option(fc.maxSafeNat(), { nil: undefined }), (result, memoryBytes) => {
        const message = ['success', result, ...(memoryBytes === undefined ? [] : [memoryBytes])] as const;
        expect(through(message as SuccessMessage)).toEqual(message);
      }),
    );
  });

  it('carries values that JSON does not know, as the port of a thread does', () => {
    const value = { date: new Date(0), big: 1n, map: new Map([['a', new Uint8Array([1])]]), nothing: undefined };
    const message = { type: 'replied', seq: 1, reply: { status: 'SUCCESS', taskId: 't', value } } as const;
    expect(through(message)).toEqual(message);
  });

  it('refuses what is no data', () => {
    const message = { type: 'replied', seq: 1, reply: { status: 'SUCCESS', taskId: 't', value: () => 1 } } as const;
    expect(() => encodeMessage(message)).toThrow('could not be cloned');
  });

  it('is no message when its bytes are others', () => {
    expect(() => decodeMessage(Buffer.of())).toThrow('found nothing');
    expect(() => decodeMessage(Buffer.of(1, 65))).toThrow('Expected 7 fields');
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          decodeMessage(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
