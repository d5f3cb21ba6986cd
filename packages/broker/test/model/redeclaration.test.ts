import { describe, expect, it } from 'vitest';
import { type FieldTable, type FieldValue, longString } from '../../src/field-value.js';
import { comparedQueueArguments } from '../../src/model/queue-argument-checks.js';
import { assertSameArguments, assertSameFlag, COMPARED_EXCHANGE_ARGUMENTS } from '../../src/model/redeclaration.js';
import { array, bytes, double, float, int, nothing } from './field-values.js';

const QUEUE = "for queue 'q' in vhost '/'";

function redeclared(before: FieldTable, now: FieldTable, type: 'classic' | 'quorum' = 'classic'): string {
  try {
    assertSameArguments('queue', 'q', '/', before, now, comparedQueueArguments(type));
    return 'accepted';
  } catch (error) {
    return (error as Error).message.replace(`PRECONDITION_FAILED - inequivalent arg `, '');
  }
}

const ttl = (value: FieldValue): FieldTable => [['x-message-ttl', value]];

describe('a queue that is declared again', () => {
  it.each<[what: string, before: FieldTable, now: FieldTable]>([
    ['the same', ttl(int(1)), ttl(int(1))],
    ['an integer of another width', ttl(int(1)), ttl({ tag: 'l', value: 1n })],
    ['a timestamp of that number', ttl(int(1)), ttl({ tag: 'T', value: 1n })],
    ['a double for a float', ttl(float(1.5)), ttl(double(1.5))],
    ['bytes for a text', [['x-overflow', longString('drop-head')]], [['x-overflow', bytes('drop-head')]]],
    ['other unknown arguments', [['x-mine', int(1)]], [['x-yours', int(2)]]],
    ['the type that it had without saying', [], [['x-queue-type', longString('classic')]]],
    ['no word of the type that it has', [['x-queue-type', longString('classic')]], []],
    ['arguments that only quorum queues have', [], [['x-delivery-limit', int(1)]]],
  ])('with %s is the same', (_what, before, now) => {
    expect(redeclared(before, now)).toBe('accepted');
  });

  it.each<[text: string, before: FieldTable, now: FieldTable]>([
    [`'x-message-ttl' ${QUEUE}: received the value '1' of type 'signedint' but current is none`, [], ttl(int(1))],
    [`'x-message-ttl' ${QUEUE}: received none but current is the value '1' of type 'signedint'`, ttl(int(1)), []],
    [`'x-message-ttl' ${QUEUE}: received '2' but current is '1'`, ttl(int(1)), ttl(int(2))],
    [`'x-message-ttl' ${QUEUE}: received '1.0' but current is '1'`, ttl(int(1)), ttl(double(1))],
    [`'x-message-ttl' ${QUEUE}: received '1' but current is '1'`, ttl(int(1)), ttl(longString('1'))],
    [`'x-message-ttl' ${QUEUE}: received none but current is '1'`, ttl(int(1)), ttl(nothing)],
    [`'x-message-ttl' ${QUEUE}: received the value 'undefined' of type 'void' but current is none`, [], ttl(nothing)],
    [`'x-message-ttl' ${QUEUE}: received '[{signedint,1}]' but current is '1'`, ttl(int(1)), ttl(array(int(1)))],
    [
      `'x-queue-type' ${QUEUE}: received the value 'quorum' of type 'longstr' but current is none`,
      [],
      [['x-queue-type', longString('quorum')]],
    ],
    [
      `'x-expires' ${QUEUE}: received the value '1' of type 'signedint' but current is none`,
      [],
      [['x-queue-mode', longString('lazy')], ...ttl(int(1)), ['x-expires', int(1)]],
    ],
  ])('is refused: %s', (text, before, now) => {
    expect(redeclared(before, now)).toBe(text);
  });

  it('is compared by what its own type has, in that order', () => {
    const quorum: FieldTable = [['x-queue-type', longString('quorum')]];
    const other: FieldTable = [['x-message-ttl', int(1)], ['x-delivery-limit', int(2)], ...quorum];
    expect(redeclared(quorum, other, 'quorum')).toContain("'x-delivery-limit'");
    expect(redeclared(quorum, [...quorum, ['x-max-priority', int(1)]], 'quorum')).toBe('accepted');
  });

  it('is refused with another flag', () => {
    expect(() => assertSameFlag('queue', 'q', '/', 'durable', true, false)).toThrow(
      `PRECONDITION_FAILED - inequivalent arg 'durable' ${QUEUE}: received 'false' but current is 'true'`,
    );
    assertSameFlag('queue', 'q', '/', 'auto_delete', true, true);
  });
});

describe('an exchange that is declared again', () => {
  it('is refused with another type', () => {
    expect(() => assertSameFlag('exchange', 'x', 'v', 'type', 'direct', 'fanout')).toThrow(
      "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost 'v': received 'fanout' but current is 'direct'",
    );
  });

  it('is compared by its alternate exchange only', () => {
    const compare = (before: FieldTable, now: FieldTable) => () =>
      assertSameArguments('exchange', 'x', '/', before, now, COMPARED_EXCHANGE_ARGUMENTS);
    compare([['mine', int(1)]], [])();
    expect(compare([], [['alternate-exchange', longString('a')]])).toThrow(
      "inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': received the value 'a' of type 'longstr' but current is none",
    );
  });
});
