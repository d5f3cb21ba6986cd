import { derivedId } from '../derived-id.js';
import type { Preset } from '../preset.js';
import { UNDEFINED_RESULT } from '../reply.js';
import { EMPTY_EMBED, type Embed } from './embed.js';
import { enroll } from './enroll.js';
import { type JsonText, prepend } from './json-text.js';
import { joinedText } from './shape.js';
import { waitOf } from './step-wait.js';
import { type ChordStep, type GroupStep, type Lazy, type Step, stepOf, type TaskStep } from './wire-step.js';

/** A task step with the id that it runs under. */
export type IdentifiedStep = TaskStep & { readonly id: string };

/** A call that a canvas makes now. */
export interface ExpandedCall {
  readonly step: IdentifiedStep;
  readonly embed: Embed;
  /** What came before, which stands before its own arguments unless it is immutable. */
  readonly value?: JsonText | undefined;
}

/** A chord whose header is called now, so that its queue is to be there first. */
export interface ExpandedChord {
  /** That of its group. */
  readonly id: string;
  /** How many members there are, from 1 on. */
  readonly size: number;
  /** How long its members may wait by their own countdowns, one after the other, ms. */
  readonly countdown: number;
  /** The latest time that one of them waits for, ms since the epoch. */
  readonly eta: number | undefined;
}

/** What a canvas does now. */
export interface Expansion {
  readonly calls: readonly ExpandedCall[];
  readonly chords: readonly ExpandedChord[];
}

/** What a step is called with, and what comes after it. */
export interface ExpandFrom {
  /** What came before; undefined at the head of a canvas. */
  readonly value?: JsonText | undefined;
  /** The chain after it as the wire has it: the next step is the last. */
  readonly rest?: readonly Lazy[] | undefined;
  /** What ids are derived from where steps have none: the id of the task before, and which of its steps this is. */
  readonly parent?: string | undefined;
}

/** Says which calls a step consists of at its start. */
export function expand(lazy: Lazy, { value, rest = [], parent = '' }: ExpandFrom): Expansion {
  const calls: ExpandedCall[] = [];
  const chords: ExpandedChord[] = [];
  expandStep(stepOf(lazy), { value, rest, parent }, { calls, chords });
  return { calls, chords };
}

/** Puts expansions together. */
export function allOf(expansions: readonly Expansion[]): Expansion {
  if (expansions.length === 1) return expansions[0] as Expansion;
  return {
    calls: expansions.flatMap(({ calls }) => calls),
    chords: expansions.flatMap(({ chords }) => chords),
  };
}

interface At {
  readonly value?: JsonText | undefined;
  readonly rest: readonly Lazy[];
  readonly parent: string;
}

interface Expanding {
  readonly calls: ExpandedCall[];
  readonly chords: ExpandedChord[];
}

function expandStep(step: Step, at: At, into: Expanding): void {
  switch (step.kind) {
    case 'task':
      into.calls.push(callOf(step, at));
      break;
    case 'chain':
      expandChain([...at.rest, ...step.tasks.toReversed()], at, into);
      break;
    case 'group':
      expandGroup(step, at, into);
      break;
    case 'chord':
      expandChord(withRest(step, at.rest), at, into);
  }
}

function callOf(step: TaskStep, { value, rest, parent }: At): ExpandedCall {
  const embed = { callbacks: step.link, errbacks: step.linkError, chain: rest, chord: step.chord };
  return { step: { ...step, id: idOf(step, parent) }, embed, value };
}

/** The step's own id, or one that is the same whenever it is derived from the same. */
export function idOf(step: { readonly id: string | undefined }, parent: string): string {
  return step.id ?? derivedId(`${NAMESPACE}${parent}`);
}

const NAMESPACE = 'tq.step:';

/** @param chain as the wire has it */
function expandChain(chain: readonly Lazy[], at: At, into: Expanding): void {
  const next = chain.at(-1);
  if (next !== undefined) expandStep(stepOf(next), { ...at, rest: chain.slice(0, -1) }, into);
}

/** A group that something comes after is a chord (Celery's upgrade). */
function expandGroup(step: GroupStep, at: At, into: Expanding): void {
  if (at.rest.length === 0) expandAll(step.tasks, at, into);
  else expandChord({ kind: 'chord', id: step.id, header: step.tasks, body: bodyOf(at.rest) }, at, into);
}

function expandAll(steps: readonly Lazy[], at: At, into: Expanding): void {
  steps.forEach((task, index) => {
    expandStep(stepOf(task), { value: at.value, rest: [], parent: `${at.parent}/${index}` }, into);
  });
}

/** What comes after a chord is part of its body. */
function withRest(step: ChordStep, rest: readonly Lazy[]): ChordStep {
  return rest.length === 0 ? step : { ...step, body: bodyOf([...rest, step.body]) };
}

function bodyOf(chain: readonly Lazy[]): Lazy {
  return chain.length === 1 ? (chain[0] as Lazy) : { kind: 'chain', tasks: chain.toReversed() };
}

/** A header without members has nobody to join it: the body is called at once. */
function expandChord(step: ChordStep, at: At, into: Expanding): void {
  const id = idOf(step, at.parent);
  const { header, size, shape } = enroll(step.header, id, step.body);
  if (size > 0) into.chords.push({ id, size, ...waitOf(header) });
  expandAll(header, { ...at, parent: id }, into);
  if (size > 0) return;
  const value = joinedText(shape, 0, new Map());
  expandStep(stepOf(step.body), { value, rest: [], parent: id }, into);
}

/**
 * The text of the call's body `[args, kwargs, embed]`, with what came before as its first argument. The embed is that of a
 * task after which nothing comes: what does goes beside, as the envelope's `embed`.
 */
export function bodyTextOf({ step, value }: ExpandedCall, preset: Preset): JsonText {
  const args = value === undefined || step.immutable ? step.args : prepend(valueText(value, preset), step.args);
  return `[${args},${step.kwargs},${EMPTY_EMBED[preset]}]`;
}

/** Python knows no `undefined`. */
function valueText(value: JsonText, preset: Preset): JsonText {
  return preset === 'celery' && value === UNDEFINED_RESULT ? 'null' : value;
}
