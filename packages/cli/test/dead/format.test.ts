import type { DeadLetterMessage } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { formatLetter, formatLetters, toFullJson, toJson } from '../../src/dead/format.js';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const BARE: DeadLetterMessage = {
  ...{ queue: 'mail', deadQueue: 'mail.dead', id: undefined, task: undefined, reason: undefined, error: undefined },
  ...{ worker: undefined, time: undefined, attempt: undefined, argsText: undefined, kwargsText: undefined, size: 1 },
  ...{ headers: {}, properties: {}, body: Buffer.from('x') },
};
const FULL: DeadLetterMessage = {
  ...BARE,
  ...{ id: 'a1', task: 'mail.send', reason: 'failed', error: 'Error: amqp://ada:secret@host', worker: 'tq@host' },
  ...{ time: new Date(NOW - 7_199_000), attempt: 3, argsText: '["ada"]', kwargsText: '{"cc":"amqp://b:secret@h"}' },
  size: 2_000,
  headers: {
    ...{ task: 'mail.send', id: 'a1', retries: 2, 'tq-dead-reason': 'failed', tenant: 'acme', db: 'pg://u:secret@db' },
    'tq-errors': [{ attempt: 1, error: 'Error: amqp://ada:secret@host', time: '2026-03-01T09:00:00.000Z' }],
  },
};

const columnsOf = (text: string) => text.split('\n').map((line) => line.trim().split(/ {2,}/));

describe('dead letters as a table', () => {
  it('have a line each, and a dash for what a foreign message does not tell', () => {
    expect(columnsOf(formatLetters([FULL, BARE], NOW))).toEqual([
      ['ID', 'QUEUE', 'TASK', 'REASON', 'TRY', 'AGE', 'ERROR'],
      ['a1', 'mail', 'mail.send', 'failed', '3', '1h', 'Error: amqp://ada:…@host'],
      ['-', 'mail', '-', '-', '-', '-', '-'],
    ]);
  });

  it.each([
    [0, '0s'],
    [59_999, '59s'],
    [3_599_999, '59m'],
    [86_399_999, '23h'],
    [7 * 86_400_000, '7d'],
    [-5_000, '0s'],
  ])('are %d ms old: %s', (age, text) => {
    expect(columnsOf(formatLetters([{ ...FULL, time: new Date(NOW - age) }], NOW))[1]?.[5]).toBe(text);
  });

  it('are cut, and their control characters are written out', () => {
    const hostile = { ...FULL, id: 'i'.repeat(300), error: `\u001b[2J\r\n\u009b\u202e${'e'.repeat(5_000)}` };
    const [, line = []] = columnsOf(formatLetters([hostile], NOW));
    expect(line[0]).toBe(`${'i'.repeat(39)}…`);
    expect(line[6]).toBe(`\\x1b[2J\\r\\n\\x9b\\u202e${'e'.repeat(58)}…`);
  });
});

describe('one dead letter', () => {
  it('is all that is known of it, with the errors of earlier tries and the headers of its caller', () => {
    expect(columnsOf(formatLetter(FULL, NOW))).toEqual([
      ...[['a1'], ['task', 'mail.send'], ['queue', 'mail, now in mail.dead'], ['reason', 'failed']],
      ['error', 'Error: amqp://ada:…@host'],
      ['died', '2026-03-01T10:00:01.000Z, 1h ago'],
      ...[
        ['worker', 'tq@host'],
        ['try', '3'],
        ['arguments', '["ada"]'],
        ['keywords', '{"cc":"amqp://b:…@h"}'],
      ],
      ...[
        ['size', '2000 bytes'],
        ['try 1', '2026-03-01T09:00:00.000Z Error: amqp://ada:…@host'],
      ],
      ...[
        ['header tenant', 'acme'],
        ['header db', 'pg://u:…@db'],
      ],
    ]);
    expect(columnsOf(formatLetter(BARE, NOW)).flat()).not.toContain('keywords');
  });

  it('is an object that JSON can write, without passwords of URLs', () => {
    const json = JSON.parse(JSON.stringify(toFullJson(FULL)));
    expect(json).toEqual({
      ...JSON.parse(JSON.stringify(toJson(FULL))),
      kwargs: '{"cc":"amqp://b:…@h"}',
      errors: [{ attempt: 1, error: 'Error: amqp://ada:…@host', time: '2026-03-01T09:00:00.000Z' }],
      headers: { tenant: 'acme', db: 'pg://u:…@db' },
    });
    expect(json).toMatchObject({ id: 'a1', reason: 'failed', time: '2026-03-01T10:00:01.000Z', args: '["ada"]' });
    expect(toJson(BARE)).toMatchObject({ id: null, task: null, reason: null, error: null, time: null, args: null });
  });
});
