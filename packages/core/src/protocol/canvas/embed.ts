import { isRecord } from '../is-record.js';
import { poison } from '../poison.js';
import type { Preset } from '../preset.js';
import { fieldsOf, itemsOf, type JsonText, parseJson, restOf } from './json-text.js';
import { MAX_NESTING } from './shape.js';
import { type ChordOf, chordOf, chordText, type Lazy, stepsText } from './wire-step.js';

/** What comes after a task: the third part of its body. */
export interface Embed {
  /** Steps that get its result. */
  readonly callbacks: readonly Lazy[];
  /** Steps that are called when it has failed for good. */
  readonly errbacks: readonly Lazy[];
  /** The rest of its chain as the wire has it: the next step is the last. */
  readonly chain: readonly Lazy[];
  /** The chord that it is a member of. */
  readonly chord: ChordOf | undefined;
}

/** The embed of a task after which nothing comes. */
export const NO_EMBED: Embed = Object.freeze({
  callbacks: Object.freeze([]),
  errbacks: Object.freeze([]),
  chain: Object.freeze([]),
  chord: undefined,
});

/**
 * The third part of a body after which nothing comes. Never null, which Celery's protocol allows and a Python worker trips
 * over when it reports a lost child.
 */
export const EMPTY_EMBED: Readonly<Record<Preset, string>> = {
  tq: '{}',
  celery: '{"callbacks":null,"errbacks":null,"chain":null,"chord":null}',
};

/** How the bodies of tasks end after which nothing comes: those of tq, and Python's, alone or at the end of a chain. */
const ENDS = [
  `,${EMPTY_EMBED.tq}]`,
  `,${EMPTY_EMBED.celery}]`,
  ', {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]',
  ', {"callbacks": null, "errbacks": null, "chain": [], "chord": null}]',
] as const;

/** The body's text with this embed instead of one that says nothing. */
export function withEmbed(bodyText: string, embed: JsonText): string {
  const end = bodyText.endsWith(ENDS[0]) ? ENDS[0] : ENDS[1];
  return `${bodyText.slice(0, 1 - end.length)}${embed}]`;
}

/**
 * Reads what comes after a task from its body's text `[args, kwargs, embed]`; the steps are read when they are needed.
 * @returns undefined when nothing comes
 * @throws {TqError} `poison` when what stands there is no embed
 */
export function readEmbed(bodyText: string): Embed | undefined {
  if (ENDS.some((end) => bodyText.endsWith(end))) return undefined;
  const embed = readEmbedText(restOf(bodyText, 2, 'body') || 'null');
  return isEmpty(embed) ? undefined : embed;
}

/**
 * The same of the embed alone.
 * @throws {TqError} `poison`
 */
export function readEmbedText(text: JsonText): Embed {
  const value = parseJson(text, 'embed');
  if (value === null) return NO_EMBED;
  if (!isRecord(value)) throw poison('embed', 'an object or null', value);
  checkFields(value, IN_EMBED, MAX_NESTING + 1);
  const fields = fieldsOf(text, 'embed');
  const chord = fields.get('chord') ?? 'null';
  return {
    callbacks: stepsIn(fields, 'callbacks'),
    errbacks: stepsIn(fields, 'errbacks'),
    chain: stepsIn(fields, 'chain'),
    chord: chord === 'null' ? undefined : chordOf(chord),
  };
}

function stepsIn(fields: ReadonlyMap<string, JsonText>, name: string): readonly Lazy[] {
  const text = fields.get(name) ?? 'null';
  return text === 'null' ? [] : itemsOf(text, name);
}

function isEmpty({ callbacks, errbacks, chain, chord }: Embed): boolean {
  return callbacks.length + errbacks.length + chain.length === 0 && chord === undefined;
}

/** Fields of an embed, and of a step's `kwargs` and `options` in which steps stand. */
const IN_EMBED = ['callbacks', 'errbacks', 'chain', 'chord'] as const;
const IN_KWARGS = ['tasks', 'header', 'body'] as const;
const IN_OPTIONS = ['link', 'link_error', 'chord'] as const;

/** So that nothing that walks from step to step, each time over the text of all that is in it, has far to go. */
function checkNesting(steps: unknown, levels: number): void {
  if (levels === 0) throw poison('embed', `steps of at most ${MAX_NESTING} levels`, 'more');
  if (Array.isArray(steps)) for (const step of steps) checkStep(step, levels);
  else checkStep(steps, levels);
}

function checkStep(step: unknown, levels: number): void {
  if (!isRecord(step)) return;
  const { kwargs, options } = step;
  if (isRecord(kwargs)) checkFields(kwargs, IN_KWARGS, levels);
  if (isRecord(options)) checkFields(options, IN_OPTIONS, levels);
}

function checkFields(table: Record<string, unknown>, names: readonly string[], levels: number): void {
  for (const name of names) if (table[name] !== undefined) checkNesting(table[name], levels - 1);
}

/** Writes what comes after a task; undefined when nothing does, and the body ends as it does without. */
export function embedText(embed: Embed, preset: Preset): JsonText | undefined {
  if (isEmpty(embed)) return undefined;
  const fields = [
    ['callbacks', listed(embed.callbacks)],
    ['errbacks', listed(embed.errbacks)],
    ['chain', listed(embed.chain)],
    ['chord', embed.chord === undefined ? 'null' : chordText(embed.chord)],
  ] as const;
  const written = preset === 'celery' ? fields : fields.filter(([, text]) => text !== 'null');
  return `{${written.map(([name, text]) => `"${name}":${text}`).join(',')}}`;
}

function listed(steps: readonly Lazy[]): JsonText {
  return steps.length === 0 ? 'null' : stepsText(steps);
}
