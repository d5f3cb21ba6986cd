import { expect, it } from 'vitest';
import { checkEvents, describeEvents } from '../../scripts/docs-events.js';

const SOURCE = `
import type { Other } from './other.js';

/** What happens. */
export interface Events {
  /** It
   * began. */
  'thing:began': Thing;
  /** It ended. */
  'thing:ended': Ended;
}

/** A thing. */
export interface Thing {
  /** Which one, or | none. */
  readonly id: string | undefined;
}

/** One that is over. */
export interface Ended extends Thing {
  /** Why. */
  readonly error: Other;
}

/** One of which nothing more is known. */
export interface Gone extends Thing {}
`;

it('the page of events says what the types say', () => {
  expect(checkEvents()).toEqual({ code: 0, output: '' });
});

it('lists the events, and what each carries', () => {
  expect(describeEvents(SOURCE, 'Events').split('\n')).toEqual([
    '| event | when | carries |',
    '|---|---|---|',
    '| `thing:began` | It began. | [Thing](#thing) |',
    '| `thing:ended` | It ended. | [Ended](#ended) |',
    '',
    ...['### Thing', '', 'A thing.', ''],
    ...['| field | type | what |', '|---|---|---|', '| `id` | `string \\| undefined` | Which one, or \\| none. |', ''],
    ...['### Ended', '', 'One that is over. As [Thing](#thing), and:', ''],
    ...['| field | type | what |', '|---|---|---|', '| `error` | `Other` | Why. |', ''],
    ...['### Gone', '', 'One of which nothing more is known. As [Thing](#thing).', ''],
  ]);
});

it.each<[string, string, RegExp]>([
  [
    'an event without a comment',
    'interface Events { a: A }\n/** A. */ interface A {}',
    /Events\.a: expected a comment/,
  ],
  [
    'a field without a comment',
    '/** E. */ interface Events {}\n/** A. */ interface A { b: string }',
    /A\.b: expected a comment/,
  ],
  [
    'a payload that is no interface of the file',
    '/** E. */ interface Events {\n/** A. */\na: string }',
    /for 'a', found string/,
  ],
  ['a method', '/** E. */ interface Events { /** A. */ a(): void }', /expected a property with its type/],
  ['no such interface', '/** A. */ interface A {}', /expected the interface Events, found none/],
])('refuses %s', (_, source, text) => {
  expect(() => describeEvents(source, 'Events')).toThrow(text);
});
