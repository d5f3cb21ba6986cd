import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldTable, type FieldValue, field, longString, textOf } from '../../src/field-value.js';
import { HeadersExchange } from '../../src/model/headers-exchange.js';
import type { Route } from '../../src/model/router.js';
import { comparisonKey, sortedByName } from '../../src/model/table-equality.js';
import { anyTable, array, bytes, double, int, nothing, table, yes } from './field-values.js';

function routeFor(destination: number, arguments_: FieldTable): Route<number> {
  return { destination, routingKey: '', arguments: arguments_ };
}

function found(exchange: HeadersExchange<number>, headers: FieldTable): number[] {
  const destinations = new Set<number>();
  exchange.route(
    '',
    () => headers,
    (destination) => destinations.add(destination),
  );
  return [...destinations].sort((a, b) => a - b);
}

function fits(arguments_: FieldTable, headers: FieldTable): boolean {
  const exchange = new HeadersExchange<number>();
  exchange.add(routeFor(1, arguments_));
  return found(exchange, headers).length > 0;
}

/** RabbitMQ's way: both sorted, then walked side by side. */
function fitsByMerge(arguments_: FieldTable, headers: FieldTable): boolean {
  const match = textOf(field(arguments_, 'x-match')) ?? 'all';
  const withX = match.endsWith('-with-x');
  const asked = sortedByName(arguments_).filter(([name]) => name !== 'x-match' && (withX || !name.startsWith('x-')));
  const there = [...sortedByName(headers)];
  const answers = asked.map(([name, value]) => {
    while (there.length > 0 && there[0]![0] < name) there.shift();
    if (there[0]?.[0] !== name) return false;
    const [, header] = there.shift()!;
    return value.tag === 'V' || comparisonKey(value) === comparisonKey(header);
  });
  return match.startsWith('any') ? answers.includes(true) : !answers.includes(false);
}

const anyMatch = fc.constantFrom(undefined, 'all', 'any', 'all-with-x', 'any-with-x');
const anyArguments = fc
  .tuple(anyTable('a', 'b', 'x-c'), anyMatch)
  .map(([rest, match]): FieldTable => (match === undefined ? rest : [...rest, ['x-match', longString(match)]]));

const match = (text: string): [string, FieldValue] => ['x-match', longString(text)];

describe('a binding to a headers exchange', () => {
  it.each<[what: string, arguments_: FieldTable, headers: FieldTable, fits: boolean]>([
    [
      'without x-match wants all',
      [
        ['a', int(1)],
        ['b', int(2)],
      ],
      [['a', int(1)]],
      false,
    ],
    [
      'with all takes further headers',
      [match('all'), ['a', int(1)]],
      [
        ['a', int(1)],
        ['z', yes],
      ],
      true,
    ],
    [
      'with any wants one',
      [match('any'), ['a', int(1)], ['b', int(2)]],
      [
        ['b', int(2)],
        ['a', int(9)],
      ],
      true,
    ],
    ['with any wants more than the name', [match('any'), ['a', int(1)]], [['a', int(2)]], false],
    ['of nothing fits everything', [], [], true],
    ['of nothing with any fits nothing', [match('any')], [['a', yes]], false],
    ['with a void wants the name', [['a', nothing]], [['a', longString('whatever')]], true],
    ['with a void misses the name', [['a', nothing]], [['b', yes]], false],
    ['with a value is not met by a void', [['a', longString('')]], [['a', nothing]], false],
    ['compares numbers across types', [['a', int(1)]], [['a', double(1)]], true],
    ['compares bytes across types', [['a', longString('t')]], [['a', bytes('t')]], true],
    ['does not take 1 for "1"', [['a', int(1)]], [['a', longString('1')]], false],
    ['compares arrays with their types', [['a', array(int(1))]], [['a', array(double(1))]], false],
    ['compares tables', [['a', table([['k', yes]])]], [['a', table([['k', yes]])]], true],
    ['leaves out what begins with x-', [['x-a', int(1)]], [], true],
    ['with any leaves out what begins with x-', [match('any'), ['x-a', int(1)]], [['x-a', int(1)]], false],
    ['with all-with-x does not', [match('all-with-x'), ['x-a', int(1)]], [['x-a', int(2)]], false],
    ['with any-with-x does not', [match('any-with-x'), ['x-a', int(1)]], [['x-a', int(1)]], true],
    ['never compares x-match itself', [match('all-with-x')], [['x-match', longString('any')]], true],
  ])('%s', (_what, arguments_, headers, expected) => {
    expect(fits(arguments_, headers)).toBe(expected);
  });

  it('is found exactly when it fits by itself, whatever else is bound or was', () => {
    const bindings = fc.array(fc.tuple(anyArguments, fc.boolean()), { maxLength: 12 });
    fc.assert(
      fc.property(bindings, anyTable('a', 'b', 'x-c'), (all, headers) => {
        const exchange = new HeadersExchange<number>();
        const routes = all.map(([arguments_], index) => routeFor(index, arguments_));
        for (const route of routes) exchange.add(route);
        for (const [index, route] of routes.entries()) if (all[index]![1]) exchange.remove(route);
        const left = routes.filter((_route, index) => !all[index]![1]);
        const expected = left.filter((route) => fitsByMerge(route.arguments, headers));
        expect(found(exchange, headers)).toEqual(expected.map(({ destination }) => destination));
      }),
    );
  });

  it('does not have the headers decoded when no binding looks at them', () => {
    const exchange = new HeadersExchange<number>();
    exchange.add(routeFor(1, []));
    const destinations: number[] = [];
    const undecodable = () => {
      throw new Error('expected no call, found one');
    };
    exchange.route('', undecodable, (destination) => destinations.push(destination));
    expect(destinations).toEqual([1]);
  });

  it.each<[value: FieldValue, text: string]>([
    [longString('most'), 'Invalid x-match field value <<"most">>; expected all, any, all-with-x, or any-with-x'],
    [int(1), 'Invalid x-match field type signedint (value 1); expected longstr'],
    [bytes('all'), 'Invalid x-match field type binary (value <<"all">>); expected longstr'],
    [nothing, 'Invalid x-match field type void (value undefined); expected longstr'],
  ])('is refused for x-match %o', (value, text) => {
    const exchange = new HeadersExchange<number>();
    expect(() => exchange.checkBinding([['x-match', value]])).toThrow(`PRECONDITION_FAILED - ${text}`);
  });

  it('is accepted without x-match and with each that there is', () => {
    const exchange = new HeadersExchange<number>();
    exchange.checkBinding([]);
    for (const text of ['all', 'any', 'all-with-x', 'any-with-x']) exchange.checkBinding([match(text)]);
  });
});
