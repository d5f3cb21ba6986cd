import { EMPTY_EMBED } from './canvas/embed.js';
import { isRecord } from './is-record.js';
import { poison } from './poison.js';
import type { Preset } from './preset.js';
import { deserialize, type SerializeOptions, serialize } from './serializer.js';

/** Body of a call with these positional arguments. Trailing `undefined` arguments are left out, as in a plain call. */
export function encodeBody(args: readonly unknown[], preset: Preset): string {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length--;
  const sent = length === args.length ? args : args.slice(0, length);
  return `[${serialize(sent, 'args', SERIALIZE[preset])},{},${EMPTY_EMBED[preset]}]`;
}

const SERIALIZE: Record<Preset, SerializeOptions> = { tq: { tqTypes: true }, celery: { tqTypes: false } };

/** What stands in a body: `[args, kwargs, embed]`. */
export interface TaskBody {
  readonly args: readonly unknown[];
  /** Keyword arguments of a Python caller; empty for tq's own calls. */
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** What the caller wants to happen after the task: those of `CONTINUATIONS` that are not empty. */
  readonly continuations: readonly Continuation[];
}

/** What a body's third element may ask for. */
const CONTINUATIONS = ['callbacks', 'errbacks', 'chain', 'chord'] as const;
export type Continuation = (typeof CONTINUATIONS)[number];

/**
 * Reads a body's text, where the handler runs.
 * @throws {TqError} `poison` when it is not `[args, kwargs, embed]`
 */
export function decodeBody(text: string): TaskBody {
  const body = deserialize(text);
  if (!Array.isArray(body) || body.length !== 3) throw poison('body', '[args, kwargs, embed]', body);
  const [args, kwargs, embed] = body as [unknown, unknown, unknown];
  if (!Array.isArray(args)) throw poison('args', 'a list', args);
  if (kwargs !== null && !isRecord(kwargs)) throw poison('kwargs', 'an object', kwargs);
  if (embed !== null && !isRecord(embed)) throw poison('embed', 'an object or null', embed);
  return { args, kwargs: kwargs ?? {}, continuations: continuationsOf(embed) };
}

const NONE: readonly Continuation[] = Object.freeze([]);

function continuationsOf(embed: Record<string, unknown> | null): readonly Continuation[] {
  if (embed === null) return NONE;
  const present = CONTINUATIONS.filter((name) => {
    const value = embed[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;
  });
  return present.length === 0 ? NONE : present;
}
