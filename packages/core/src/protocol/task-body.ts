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

/** What a handler is called with of a body: what follows the run, its `embed`, is for whoever settles that. */
export interface TaskBody {
  readonly args: readonly unknown[];
  /** Keyword arguments of a Python caller; empty for tq's own calls. */
  readonly kwargs: Readonly<Record<string, unknown>>;
}

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
  if (embed !== null) checkEmbed(embed);
  return { args, kwargs: kwargs ?? {} };
}

/** What follows the run is read after it, where there is no way back: what is none is found before. */
function checkEmbed(embed: unknown): void {
  if (!isRecord(embed)) throw poison('embed', 'an object or null', embed);
  for (const name of ['callbacks', 'errbacks', 'chain']) {
    const steps = embed[name] ?? null;
    if (steps !== null && !Array.isArray(steps)) throw poison(name, 'a list or null', steps);
  }
  const chord = embed.chord ?? null;
  if (chord !== null && !isRecord(chord)) throw poison('chord', 'an object or null', chord);
}
