import { TqError } from '../errors.js';
import { requireInteger } from '../options-check.js';
import { CELERY_TASK } from '../protocol/names.js';
import type { ArgsSchema } from '../schema/standard-schema.js';
import type { Bindings } from './bind.js';
import type { CallOptions } from './call.js';
import type { CanvasHost, TaskPart } from './canvas-part.js';
import { CanvasValue } from './canvas-value.js';
import { NO_CALL_OPTIONS } from './merge-call.js';

/** What the signatures of a task have in common. */
export interface SignatureFacts {
  readonly host: CanvasHost;
  readonly task: string;
  readonly schema: ArgsSchema | undefined;
  /** What all its calls bring. */
  readonly defaults: CallOptions;
  /** It takes the messages of plain programs. */
  readonly plain: boolean;
}

/** Makes what a task has by which it becomes part of a canvas. */
export function bindings<A extends readonly unknown[], Out>(facts: SignatureFacts): Bindings<A, Out> {
  const common = { kind: 'task', ...facts, options: NO_CALL_OPTIONS, link: NONE, linkError: NONE } as const;
  const bind = (args: readonly unknown[], immutable: boolean): TaskPart => ({ ...common, args, immutable });
  const over = (task: string, items: readonly unknown[]): TaskPart => ({
    ...common,
    task,
    runs: facts.task,
    schema: undefined,
    args: NONE,
    kwargs: { task: { ...CALL, task: facts.task }, it: items },
    immutable: true,
  });
  const value = {
    s: (...bound: readonly unknown[]) => new CanvasValue(bind(bound, false)),
    si: (...all: readonly unknown[]) => new CanvasValue(bind(all, true)),
    map: (items: unknown) => new CanvasValue(over(CELERY_TASK.map, requireList(items, `${facts.task}.map`))),
    starmap: (items: unknown) =>
      new CanvasValue(over(CELERY_TASK.starmap, requireLists(items, `${facts.task}.starmap`))),
    chunks: (items: unknown, size: unknown) => {
      const members = chunksOf(requireLists(items, `${facts.task}.chunks`), requireSize(size, facts.task));
      const parts = members.map((chunk) => over(CELERY_TASK.starmap, chunk));
      const host = () => facts.host;
      const nothing = { options: NO_CALL_OPTIONS, link: NONE, linkError: NONE };
      return new CanvasValue({ kind: 'group', members: parts, host, ...nothing });
    },
  };
  return value as unknown as Bindings<A, Out>;
}

const NONE: readonly never[] = Object.freeze([]);

/** A task of Celery's as its map tasks get it. */
const CALL = { task: '', args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false } as const;

function requireList(items: unknown, where: string): readonly unknown[] {
  if (Array.isArray(items)) return items;
  throw new TqError('invalid-option', `${where}: expected a list, found ${items === null ? 'null' : typeof items}.`);
}

function requireLists(items: unknown, where: string): readonly unknown[] {
  const list = requireList(items, where);
  const wrong = list.findIndex((item) => !Array.isArray(item));
  if (wrong === -1) return list;
  const text = `${where}: expected a list of lists of arguments, found ${typeof list[wrong]} at ${wrong}.`;
  throw new TqError('invalid-option', text);
}

function requireSize(size: unknown, task: string): number {
  return requireInteger(size, `${task}.chunks: size`, { min: 1, max: Number.MAX_SAFE_INTEGER });
}

function chunksOf(items: readonly unknown[], size: number): (readonly unknown[])[] {
  const chunks: (readonly unknown[])[] = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}
