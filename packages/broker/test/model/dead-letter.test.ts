import { describe, expect, it } from 'vitest';
import { type FieldTable, field, long, longString, timestamp } from '../../src/field-value.js';
import { type Death, deadLetter } from '../../src/model/dead-letter.js';
import type { Content, Message } from '../../src/model/message.js';
import { array, int, table } from './field-values.js';

function contentWith(headers: FieldTable, expiration?: string): Content {
  return {
    bytes: Buffer.from('body'),
    bodyOffset: 0,
    persistent: true,
    priority: 3,
    expiration,
    headers: () => headers,
    with: (changes) => ({
      ...contentWith(changes.headers ?? headers, 'expiration' in changes ? undefined : expiration),
    }),
  };
}

function messageWith(headers: FieldTable, expiration?: string): Message {
  return { exchange: 'x', routingKey: 'key', blindKeys: [], content: contentWith(headers, expiration) };
}

const DEATH: Death = {
  queue: 'q',
  reason: 'rejected',
  timeSeconds: 1_600_000_000,
  deadLetterExchange: 'dlx',
  deadLetterRoutingKey: undefined,
};

describe('a dead letter', () => {
  it('goes to the dead-letter exchange under its own key, and is otherwise the message', () => {
    const letter = deadLetter(messageWith([['mine', int(1)]]), DEATH);
    expect(letter).toMatchObject({ exchange: 'dlx', routingKey: 'key' });
    expect(letter.content).toMatchObject({ persistent: true, priority: 3 });
    expect(field(letter.content.headers(), 'mine')).toEqual(int(1));
  });

  it('tells of its death, and first of all', () => {
    const headers = deadLetter(messageWith([]), DEATH).content.headers();
    expect(headers).toEqual([
      [
        'x-death',
        array(
          table([
            ['count', long(1)],
            ['reason', longString('rejected')],
            ['queue', longString('q')],
            ['time', timestamp(1_600_000_000)],
            ['exchange', longString('x')],
            ['routing-keys', array(longString('key'))],
          ]),
        ),
      ],
      ['x-first-death-exchange', longString('x')],
      ['x-first-death-queue', longString('q')],
      ['x-first-death-reason', longString('rejected')],
    ]);
  });

  it('does not expire again, and says when it would have', () => {
    const letter = deadLetter(messageWith([], '5000'), { ...DEATH, reason: 'expired' });
    expect(letter.content.expiration).toBeUndefined();
    expect(field(lastDeath(letter), 'original-expiration')).toEqual(longString('5000'));
  });

  it('keeps its copies, and names their keys', () => {
    const copies = array(longString('a'), int(1), longString('b'));
    const letter = deadLetter(messageWith([['CC', copies]]), DEATH);
    expect(field(letter.content.headers(), 'CC')).toEqual(copies);
    expect(field(lastDeath(letter), 'routing-keys')).toEqual(
      array(longString('key'), longString('a'), longString('b')),
    );
  });

  it('under a key of the queue loses its copies', () => {
    const copies: FieldTable = [['CC', array(longString('a'))]];
    const letter = deadLetter(messageWith(copies), { ...DEATH, deadLetterRoutingKey: '' });
    expect(letter.routingKey).toBe('');
    expect(field(letter.content.headers(), 'CC')).toBeUndefined();
    expect(field(lastDeath(letter), 'routing-keys')).toEqual(array(longString('key'), longString('a')));
  });
});

function lastDeath(letter: Message): FieldTable {
  const deaths = field(letter.content.headers(), 'x-death');
  const [latest] = deaths?.tag === 'A' ? deaths.value : [];
  return latest?.tag === 'F' ? latest.value : [];
}
