import { TqError } from '../errors.js';
import type { Step } from '../protocol/canvas/wire-step.js';
import type { ArgsSchema } from '../schema/standard-schema.js';
import type { CallOptions } from './call.js';
import type { AnyCanvas, CanvasCallOptions, SignatureOptions } from './canvas.js';

/** What a canvas is, as data: immutable, with no ids yet. */
export type Part = TaskPart | ChainPart | GroupPart | ChordPart;

interface Linked {
  /** What it says itself. */
  readonly options: SignatureOptions;
  /** What its result starts. */
  readonly link: readonly Part[];
  /** What its failure calls. */
  readonly linkError: readonly TaskPart[];
}

/** A signature. */
export interface TaskPart extends Linked {
  readonly kind: 'task';
  readonly host: CanvasHost;
  readonly task: string;
  /** The task that it runs, where that is not its own name: `celery.map` runs one. Its calls go where those of it go. */
  readonly runs?: string | undefined;
  readonly args: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined;
  /** Of all arguments. */
  readonly schema?: ArgsSchema | undefined;
  /** It takes nothing of what came before. */
  readonly immutable: boolean;
  /** What its task says of all its calls. */
  readonly defaults: CallOptions;
  /** Its task takes the messages of plain programs. */
  readonly plain: boolean;
}

/** A chain. */
export interface ChainPart extends Linked {
  readonly kind: 'chain';
  readonly steps: readonly Part[];
}

/** A group. */
export interface GroupPart extends Linked {
  readonly kind: 'group';
  readonly members: readonly Part[];
  /** Who sends it when nothing in it says so. */
  readonly host: (() => CanvasHost) | undefined;
}

/** A chord. */
export interface ChordPart extends Linked {
  readonly kind: 'chord';
  readonly header: GroupPart;
  readonly body: Part;
}

/** A canvas that is to be sent. */
export interface CanvasOrder {
  readonly part: Part;
  /** What stands for the result before it: one value or none. */
  readonly previous: readonly unknown[];
  readonly options: CanvasCallOptions & Pick<CallOptions, 'taskId'>;
}

/** What a canvas needs of its app. */
export interface CanvasHost {
  /** Sends it. What is wrong with it rejects what this gives; nothing is thrown. */
  sendCanvas<Handle>(order: CanvasOrder): Handle;
  /**
   * Fixes ids, queues and options, and sends nothing.
   * @param newId where its ids are not to be random
   * @throws {PublishError} what is wrong with it
   */
  freezeCanvas(order: CanvasOrder, newId?: () => string): { readonly root: Step };
}

/** What part a value is; undefined where it is none. By its key, since a second copy of this package may have made it. */
export function partOf(value: unknown): Part | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as { readonly '~canvas'?: Part })['~canvas'];
}

/**
 * The part that a value is, for programs without types.
 * @param where names its place in the error's text
 * @throws {TqError} `invalid-option`
 */
export function requirePart(value: AnyCanvas, where: string): Part {
  const part = partOf(value);
  if (part !== undefined) return part;
  const expected = 'expected a signature, a chain, a group or a chord';
  throw new TqError('invalid-option', `${where}: ${expected}, found ${describe(value)}.`);
}

function describe(value: unknown): string {
  const { name, s, forget } = Object(value) as Readonly<Record<'name' | 's' | 'forget', unknown>>;
  if (typeof s === 'function') return `the task '${String(name)}'; write its .s(…)`;
  if (typeof value === 'function') return 'a function; write the .s(…) of a task that runs it';
  if (typeof forget === 'function')
    return 'the result of a call that is sent already; write .s(…) instead of .delay(…)';
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'a list; put it into group(…)' : `something else (${typeof value})`;
}

/** Whether the result of a part is the list of a group's, which nobody has in one place until a chord joins it. */
export function endsInGroup(part: Part): boolean {
  let last = part;
  while (last.kind === 'chain' || last.kind === 'chord') {
    last = last.kind === 'chord' ? last.body : (last.steps[last.steps.length - 1] as Part);
  }
  return last.kind === 'group';
}

/** The app of the first task in it; loops, since nothing bounds yet how many parts stand in one another. */
export function hostOf(part: Part): CanvasHost | undefined {
  let fallback: (() => CanvasHost) | undefined;
  const open: Part[] = [part];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.kind === 'task') return next.host;
    if (next.kind === 'group') fallback ??= next.host;
    for (const part of partsIn(next).toReversed()) open.push(part);
  }
  return fallback?.();
}

function partsIn(part: Exclude<Part, TaskPart>): readonly Part[] {
  switch (part.kind) {
    case 'chain':
      return part.steps;
    case 'group':
      return part.members;
    case 'chord':
      return [part.header, part.body];
  }
}

/** How texts name a part. */
export function nameOf(part: Part): string {
  return part.kind === 'task' ? `'${part.runs ?? part.task}'` : `a ${part.kind}`;
}
