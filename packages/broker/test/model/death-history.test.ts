import { describe, expect, it } from 'vitest';
import { type FieldTable, type FieldValue, field, integerOf, long, longString, textOf } from '../../src/field-value.js';
import { isDeathCycle, withDeath } from '../../src/model/death-history.js';
import { array, int, table } from './field-values.js';

function death(queue: string, reason = 'rejected', ...more: FieldTable): FieldTable {
  return [['reason', longString(reason)], ['queue', longString(queue)], ['exchange', longString('x')], ...more];
}

/** The queues of a history, with their counts. */
function story(headers: FieldTable): (readonly [queue: string | undefined, count: number | undefined])[] {
  const deaths = field(headers, 'x-death');
  const entries = deaths?.tag === 'A' ? deaths.value : [];
  return entries.map((entry) =>
    entry.tag === 'F'
      ? [textOf(field(entry.value, 'queue')), integerOf(field(entry.value, 'count'))]
      : ['?', undefined],
  );
}

function afterDeathsIn(...queues: string[]): FieldTable {
  return queues.reduce<FieldTable>((headers, queue) => withDeath(headers, death(queue)), []);
}

describe('a history of deaths', () => {
  it('begins with the latest', () => {
    expect(story(afterDeathsIn('a', 'b'))).toEqual([
      ['b', 1],
      ['a', 1],
    ]);
  });

  it('counts deaths in the same queue for the same reason, and moves them to the front', () => {
    expect(story(afterDeathsIn('a', 'b', 'a', 'a'))).toEqual([
      ['a', 3],
      ['b', 1],
    ]);
  });

  it('keeps deaths for different reasons apart', () => {
    const headers = withDeath(afterDeathsIn('a'), death('a', 'expired'));
    expect(story(headers)).toEqual([
      ['a', 1],
      ['a', 1],
    ]);
  });

  it('turns the earlier deaths round each time, as RabbitMQ does', () => {
    expect(story(afterDeathsIn('a', 'b', 'c')).map(([queue]) => queue)).toEqual(['c', 'a', 'b']);
    expect(story(afterDeathsIn('a', 'b', 'c', 'd')).map(([queue]) => queue)).toEqual(['d', 'b', 'a', 'c']);
  });

  it('keeps of a repeated death what the first one said', () => {
    const first = withDeath([], death('a', 'expired', ['original-expiration', longString('1')]));
    const deaths = field(withDeath(first, death('a', 'expired')), 'x-death');
    const expected = [
      ['count', long(2)],
      ['exchange', longString('x')],
      ['original-expiration', longString('1')],
      ['queue', longString('a')],
      ['reason', longString('expired')],
    ] as const;
    expect(deaths).toEqual(array(table(expected)));
  });

  it('leaves the first death in its own headers', () => {
    const headers = afterDeathsIn('a', 'b');
    expect(textOf(field(headers, 'x-first-death-queue'))).toBe('a');
  });

  it('begins anew where a client wrote something else into the header, without first deaths', () => {
    const headers = withDeath([['x-death', longString('[object Object]')]], death('a'));
    expect(story(headers)).toEqual([['a', 1]]);
    expect(field(headers, 'x-first-death-queue')).toBeUndefined();
  });

  it('counts entries without a count that are of one queue and reason', () => {
    const headers = withDeath(
      [['x-death', array(table(death('a')), table(death('b')), table(death('a')))]],
      death('a'),
    );
    expect(story(headers)).toEqual([
      ['a', 3],
      ['b', 1],
    ]);
  });

  it('keeps entries that are no tables', () => {
    expect(story(withDeath([['x-death', array(int(1))]], death('a')))).toEqual([
      ['a', 1],
      ['?', undefined],
    ]);
  });

  it('leaves headers sorted by name', () => {
    const headers = withDeath(
      [
        ['z', long(1)],
        ['CC', array()],
        ['y', long(1)],
      ],
      death('a'),
    );
    const names = headers.map(([name]) => name);
    expect(names).toEqual([...names].sort());
  });
});

describe('a dead letter goes round', () => {
  const history = (...entries: FieldValue[]): FieldTable => [['x-death', array(...entries)]];

  it.each<[what: string, headers: FieldTable, cycle: boolean]>([
    ['when it dies where it goes', history(table(death('q', 'expired'))), true],
    [
      'when it died there by the length limit',
      history(table(death('a', 'expired')), table(death('q', 'maxlen'))),
      true,
    ],
    ['when it went too often to a consumer', history(table(death('q', 'delivery_limit'))), true],
    ['not when it never died there', history(table(death('a', 'expired'))), false],
    ['not when it was rejected there', history(table(death('q', 'rejected'))), false],
    ['not when it was rejected since', history(table(death('a', 'rejected')), table(death('q', 'expired'))), false],
    ['though it was rejected before', history(table(death('q', 'expired')), table(death('a', 'rejected'))), true],
    ['not when somebody wrote into its history', history(int(1), table(death('q', 'expired'))), false],
    ['not without a history', [], false],
    ['not with a history that is none', [['x-death', longString('q')]], false],
  ])('%s', (_what, headers, cycle) => {
    expect(isDeathCycle(headers, 'q')).toBe(cycle);
  });
});
