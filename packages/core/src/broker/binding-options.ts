import { checkRecord } from '../config/check-record.js';
import { isRecord } from '../config/keys.js';
import { custom, invalid, text, words } from '../config/kinds.js';
import type { Option } from '../config/option.js';
import { TqError } from '../errors.js';
import type { HeadersMatch } from '../protocol/headers-match.js';
import type { Headers, HeaderValue } from '../protocol/message.js';
import { MAX_NAME_BYTES } from '../protocol/names.js';

/** What a queue or an exchange gets from an exchange. `npm run options` writes the lines below from `BINDING_OPTIONS`. */
export interface BindingOptions {
  /** The exchange that it comes from, without prefix; `amq.*` are the broker's own. */
  readonly exchange: string;
  /** Routing keys, or patterns of a topic exchange (`*` is one word, `#` any number); one, or a list of several. Default: an empty one. */
  readonly key?: string | readonly string[] | undefined;
  /** What a headers exchange compares: a value, or null where the header has to be there with any value. Default: none. */
  readonly headers?: Headers | undefined;
  /** Whether all or any of the headers are to be there. Default: `all`. */
  readonly match?: HeadersMatch | undefined;
  /** Further arguments of the binding. Default: none. */
  readonly arguments?: Headers | undefined;
}

/** The same once it is checked. */
export type BindingSettings = Omit<BindingOptions, 'key'> & { readonly key?: readonly string[] };

/** A table of arguments or headers: texts, numbers, true and false, null, lists and tables of them. */
export function headers(spec: Pick<Option<Headers>, 'describe' | 'defaultText'>): Option<Headers | undefined> {
  return custom(spec, { kind: 'record', range: '', read: String, check: checkHeaders, print: JSON.stringify });
}

/** Every option of a binding. */
export const BINDING_OPTIONS = {
  exchange: text({ describe: "The exchange that it comes from, without prefix; `amq.*` are the broker's own" }),
  key: custom(
    {
      describe:
        'Routing keys, or patterns of a topic exchange (`*` is one word, `#` any number); one, or a list of several',
      defaultText: 'an empty one',
    },
    { kind: 'list', range: '', read: String, check: checkKeys, print: JSON.stringify },
  ),
  headers: headers({
    describe: 'What a headers exchange compares: a value, or null where the header has to be there with any value',
    defaultText: 'none',
  }),
  match: words(['all', 'any'], {
    describe: 'Whether all or any of the headers are to be there',
    defaultText: '`all`',
  }),
  arguments: headers({ describe: 'Further arguments of the binding', defaultText: 'none' }),
} satisfies Record<keyof BindingOptions, unknown>;

/** The bindings of a queue or of an exchange. */
export const BINDINGS = custom<readonly BindingSettings[], { describe: string; defaultText: string }>(
  { describe: 'What it gets from exchanges, each `{ exchange, key, headers, match, arguments }`', defaultText: 'none' },
  { kind: 'list', range: '', read: String, check: checkBindings, print: (bindings) => JSON.stringify(bindings) },
);

function checkBindings(bindings: unknown, name: string): readonly BindingSettings[] {
  if (!Array.isArray(bindings)) throw invalid(name, 'a list such as [{ exchange: … }]', bindings);
  return bindings.map((binding, at) => checkBinding(binding, `${name}[${at}]`));
}

function checkBinding(binding: unknown, name: string): BindingSettings {
  const { exchange, ...rest } = checkRecord(binding, name, BINDING_OPTIONS);
  if (exchange === undefined) throw new TqError('invalid-option', `${name}: exchange: expected a name, found none.`);
  const { headers, match } = rest;
  if (match !== undefined && headers === undefined) {
    throw new TqError('invalid-option', `${name}: match: expected headers beside it, found none.`);
  }
  const ignored = Object.keys(headers ?? {}).find((header) => header.startsWith('x-'));
  if (ignored !== undefined) {
    const text = `${name}: headers: the broker does not compare '${ignored}', since it begins with x-: name the header otherwise.`;
    throw new TqError('invalid-option', text);
  }
  if (headers !== undefined && Object.keys(headers).length === 0) {
    throw new TqError('invalid-option', `${name}: headers: expected at least one to compare, found none.`);
  }
  return { exchange, ...rest } as BindingSettings;
}

function checkKeys(given: unknown, name: string): readonly string[] {
  const keys: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (keys.length === 0) throw new TqError('invalid-option', `${name}: expected at least one routing key, found none.`);
  for (const key of keys) {
    if (typeof key !== 'string') throw invalid(name, 'a routing key, or a list of them', key);
    const bytes = Buffer.byteLength(key);
    if (bytes <= MAX_NAME_BYTES) continue;
    throw new TqError('invalid-option', `${name}: expected at most ${MAX_NAME_BYTES} bytes, found ${bytes}.`);
  }
  return keys as readonly string[];
}

function checkHeaders(table: unknown, name: string): Headers {
  if (!isRecord(table)) throw invalid(name, "an object such as { colour: 'red' }", table);
  for (const [key, value] of Object.entries(table)) {
    if (!isHeaderValue(value)) throw invalid(`${name}: ${key}`, 'a text, a number, true, false, null or a list', value);
  }
  return table as Headers;
}

function isHeaderValue(value: unknown): value is HeaderValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null) return true;
      return Array.isArray(value) ? value.every(isHeaderValue) : Object.values(value).every(isHeaderValue);
    default:
      return false;
  }
}
