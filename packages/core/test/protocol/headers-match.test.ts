import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldTable, type FieldValue, longString } from '../../../broker/src/field-value.js';
import { HeadersExchange } from '../../../broker/src/model/headers-exchange.js';
import { headersArguments, matchesHeaders } from '../../src/protocol/headers-match.js';
import type { Headers, HeaderValue } from '../../src/protocol/message.js';

/** As amqplib writes it. */
function fieldOf(value: HeaderValue): FieldValue {
  if (value === null || value === undefined) return { tag: 'V', value: undefined };
  if (typeof value === 'boolean') return { tag: 't', value };
  if (typeof value === 'string') return longString(value);
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(Number(value));
  return Number.isInteger(value) ? { tag: 'I', value: Number(value) } : { tag: 'd', value: bytes };
}

const tableOf = (headers: Headers): FieldTable =>
  Object.entries(headers).map(([name, value]) => [name, fieldOf(value)] as const);

/** What the embedded broker's headers exchange says of them. */
function takes(wanted: Headers, match: 'all' | 'any', headers: Headers): boolean {
  const exchange = new HeadersExchange<true>();
  exchange.add({ destination: true, routingKey: '', arguments: tableOf(headersArguments(wanted, match)) });
  let found = false;
  exchange.route(
    '',
    () => tableOf(headers),
    () => {
      found = true;
    },
  );
  return found;
}

describe('headers that are asked for', () => {
  it.each<[wanted: Headers, match: 'all' | 'any', headers: Headers, fits: boolean]>([
    [{ region: 'eu', vip: true }, 'all', { region: 'eu', vip: true, more: 1 }, true],
    [{ region: 'eu', vip: true }, 'all', { region: 'eu' }, false],
    [{ region: 'eu', vip: true }, 'any', { region: 'eu' }, true],
    [{ region: 'eu', vip: true }, 'any', { region: 'us', vip: false }, false],
    [{ region: null }, 'all', { region: 'anything' }, true],
    [{ region: null }, 'all', {}, false],
    [{ size: 1 }, 'all', { size: '1' }, false],
    [{ toString: 'x' }, 'all', {}, false],
  ])('%j by %s of %j: %s', (wanted, match, headers, fits) => {
    expect(matchesHeaders(wanted, match, headers)).toBe(fits);
  });

  it("are met by what the embedded broker's headers exchange brings them", () => {
    const value = fc.constantFrom<HeaderValue>('a', 'b', '1', 1, 2, 1.5, true, false, null);
    const headers = fc.dictionary(fc.constantFrom('p', 'q', 'r'), value, { noNullPrototype: true });
    fc.assert(
      fc.property(headers, fc.constantFrom('all' as const, 'any' as const), headers, (wanted, match, own) => {
        expect(matchesHeaders(wanted, match, own)).toBe(takes(wanted, match, own));
      }),
      { numRuns: 500 },
    );
  });
});
