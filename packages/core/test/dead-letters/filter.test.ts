import { describe, expect, it } from 'vitest';
import { type DeadLetterFilter, selectionOf } from '../../src/dead-letters/filter.js';
import { type DeadLetter, decodeDeadLetter, withoutBody } from '../../src/protocol/dead-letter.js';
import type { Headers } from '../../src/protocol/message.js';
import { inbound } from '../protocol/inbound.js';

const NOW = Date.UTC(2026, 0, 2);
const DEATH: Headers = {
  'tq-dead-reason': 'failed',
  'tq-dead-error': 'RangeError: too far (404)',
  'tq-dead-time': '2026-01-01T23:00:00.000Z',
};

function letter(headers: Headers = DEATH): DeadLetter {
  return withoutBody(decodeDeadLetter(inbound({}, headers), { prefix: '', queue: 'mail.dead' }));
}

const fits = (filter: DeadLetterFilter, found = letter()) => selectionOf(filter, NOW).fits(found);

describe('a filter of dead letters', () => {
  it.each<[string, DeadLetterFilter, boolean]>([
    ['nothing', {}, true],
    ['its task', { task: 'tasks.add' }, true],
    ['part of its task', { task: 'tasks' }, false],
    ['its task by *', { task: '*.a*' }, true],
    ['its task by ?', { task: 'tasks?add' }, true],
    ['a task in which a dot is a dot', { task: 'tasksXadd' }, false],
    ['its reason', { reason: 'failed' }, true],
    ['one of several reasons', { reason: ['poison', 'failed'] }, true],
    ['another reason', { reason: 'poison' }, false],
    ['part of its error', { error: 'too far (' }, true],
    ['a pattern of its error', { error: /^rangeerror: .*\(\d+\)$/i }, true],
    ['another error', { error: 'TypeError' }, false],
    ['its id', { id: 'i1' }, true],
    ['one of several ids', { id: ['i0', 'i1'] }, true],
    ['another id', { id: 'i' }, false],
    ['its age', { olderThan: '1h', newerThan: '1h' }, true],
    ['an older one', { olderThan: '61m' }, false],
    ['a younger one', { newerThan: 3_599_999 }, false],
    ['all at once', { task: 'tasks.*', reason: 'failed', error: 'far', id: 'i1', olderThan: 1, newerThan: '1d' }, true],
    ['all but one', { task: 'tasks.*', reason: 'failed', error: 'near' }, false],
  ])('says %s', (_, filter, expected) => {
    expect(fits(filter)).toBe(expected);
  });

  it('takes the same error each time by a pattern that remembers', () => {
    const { fits } = selectionOf({ error: /far/g }, NOW);
    expect([fits(letter()), fits(letter())]).toEqual([true, true]);
  });

  it.each<DeadLetterFilter>([{ reason: 'failed' }, { error: 'e' }, { olderThan: 0 }, { newerThan: '100d' }])(
    'takes nothing that does not say what is asked: %o',
    (filter) => {
      expect(fits(filter, letter({}))).toBe(false);
    },
  );

  it.each<[unknown, string]>([
    [{ reson: 'failed' }, "unknown option 'reson'. Did you mean 'reason'?"],
    [{ reason: 'fail' }, "Did you mean 'failed'?"],
    [{ reason: [] }, 'reason'],
    [{ task: '' }, 'task: expected a text, found an empty one'],
    [{ id: [] }, 'id: expected a list of one text or more, found a list of 0'],
    [{ queues: 'mail' }, 'queues: expected a list of one text or more, found string'],
    [{ limit: 0 }, 'limit: expected a whole number from 1'],
    [{ olderThan: 'soon' }, 'olderThan: expected a duration'],
    [{ newerThan: -1 }, 'newerThan (ms): expected a whole number from 0'],
    [{ error: 7 }, 'error: expected a text, found number'],
  ])('refuses %o', (filter, text) => {
    expect(() => selectionOf(filter as DeadLetterFilter, NOW)).toThrow(text);
  });
});
