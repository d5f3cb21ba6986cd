import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope } from '../../src/protocol/envelope.js';
import type { Headers, Properties } from '../../src/protocol/message.js';
import { decodeBody } from '../../src/protocol/task-body.js';
import { inbound } from './inbound.js';

const NAMES = [
  'task',
  'id',
  'root_id',
  'parent_id',
  'retries',
  'eta',
  'expires',
  'ignore_result',
  'compression',
  'lang',
];
const OWN = [
  ...['tq-lost', 'tq-redeliveries', 'tq-unknown-rounds', 'tq-on-failure', 'x-delivery-count'],
  ...['x-death', '__proto__', 'constructor', 'custom'],
];

const wild = fc.anything({
  maxDepth: 3,
  withBigInt: true,
  withDate: true,
  withNullPrototype: true,
  withTypedArray: true,
});
const likely = fc.oneof(
  fc.string(),
  fc.uuid(),
  fc.integer(),
  fc.date({ noInvalidDate: true }).map((at) => at.toISOString()),
);
const entry = fc.tuple(
  fc.oneof(fc.constantFrom(...NAMES, ...OWN), fc.string()),
  fc.oneof(likely, fc.constant(null), wild),
);
const headers = fc.option(
  fc.array(entry, { maxLength: 12 }).map((entries) => Object.fromEntries(entries) as Headers),
  { nil: undefined },
);
const contentType = fc.oneof(
  { weight: 3, arbitrary: fc.constant('application/json') },
  fc.string(),
  fc.constant(undefined),
);
const contentEncoding = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('utf-8', undefined) }, fc.string());
const body = fc.oneof(
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc.tuple(fc.jsonValue(), fc.jsonValue(), fc.jsonValue()).map((parts) => Buffer.from(JSON.stringify(parts))),
  fc
    .tuple(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(null, {}))
    .map((parts) => Buffer.from(JSON.stringify(parts))),
);

/** fast-check prints seed and path of a run that fails. */
describe('a task message that is random', () => {
  it('is read or is poison, nothing else', () => {
    let read = 0;
    let refused = 0;
    fc.assert(
      fc.property(headers, contentType, contentEncoding, body, fc.boolean(), (table, type, encoding, bytes, valid) => {
        const properties: Properties = { contentType: type, contentEncoding: encoding };
        const message = inbound(
          { ...properties, headers: valid ? { ...table, id: 'i1', task: 'fib' } : table },
          {},
          bytes,
        );
        try {
          decodeBody(decodeEnvelope(message).bodyText);
          read++;
        } catch (error) {
          expect(error).toMatchObject({
            name: 'TqError',
            code: 'poison',
            message: expect.stringMatching(/xpected .*found /s),
          });
          refused++;
        }
      }),
      { numRuns: 10_000 },
    );
    expect(read).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(1_000);
  });
});
