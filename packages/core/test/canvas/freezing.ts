import { type FrozenCanvas, freeze } from '../../src/canvas/freeze.js';
import { groupOn } from '../../src/canvas/group.js';
import { Router } from '../../src/producer/router.js';
import type { Routes } from '../../src/producer/routes.js';
import { type Lazy, stepOf, type TaskStep } from '../../src/protocol/canvas/wire-step.js';
import type { Preset } from '../../src/protocol/preset.js';
import type { CallOptions } from '../../src/task/call.js';
import type { AnyCanvas, CanvasCallOptions } from '../../src/task/canvas.js';
import { type CanvasOrder, type Part, partOf } from '../../src/task/canvas-part.js';
import type { DefinitionOptions } from '../../src/task/options.js';
import { createTask, type Handler, type Task } from '../../src/task/task.js';

export interface FreezingOptions {
  readonly prefix?: string;
  readonly queue?: string;
  readonly preset?: Preset;
  readonly routes?: Routes;
}

/** Some tasks of one host, and what it makes of canvases. */
export function freezing({ prefix = '', queue = 'tq', preset = 'tq', routes }: FreezingOptions = {}) {
  const owner = new OrderBook();
  const task = <F extends Handler>(name: string, handler: F, options: DefinitionOptions = {}): Task<string, F> =>
    createTask(owner, name, handler, options);
  let ids = 0;
  const host = {
    owner,
    prefix,
    defaultQueue: queue,
    router: routes === undefined ? undefined : new Router(routes),
    preset,
    maxDelayMs: 26_843_545_500,
    newId: () => `id-${++ids}`,
    now: () => Date.UTC(2026, 0, 1),
  };
  const freezeIt = (
    canvas: AnyCanvas,
    previous: readonly unknown[] = [],
    options: CanvasCallOptions & Pick<CallOptions, 'taskId'> = {},
  ): FrozenCanvas => freeze({ part: partOf(canvas) as Part, previous, options }, host);
  return {
    task,
    group: groupOn(() => owner),
    fib: task('fib', (n: number): number => n),
    text: task('text', (n: number): string => String(n)),
    sum: task('sum', (all: readonly number[]) => all.length, { queue: 'math' }),
    add: task('add', (n: number, more: number) => n + more),
    open: task('open', (value: unknown) => value),
    failed: task('failed', (failure: { readonly task: string }) => failure.task),
    freeze: freezeIt,
    root: (...order: Parameters<typeof freezeIt>) => freezeIt(...order).root,
  };
}

/** The orders that reach a host instead of being sent. */
export class OrderBook {
  readonly orders: CanvasOrder[] = [];

  sendCanvas<Handle>(order: CanvasOrder): Handle {
    this.orders.push(order);
    return undefined as Handle;
  }

  freezeCanvas(): never {
    throw new Error('nothing is frozen here');
  }

  send(): never {
    throw new Error('nothing is called here');
  }

  room(): undefined {
    return undefined;
  }
}

/** The shape of a frozen canvas in one line: `chain(fib text)`, `chord(group(fib fib) sum)`. */
export function outline(lazy: Lazy): string {
  const step = stepOf(lazy);
  switch (step.kind) {
    case 'task':
      return step.task;
    case 'chain':
      return `chain(${step.tasks.map(outline).join(' ')})`;
    case 'group':
      return `group(${step.tasks.map(outline).join(' ')})`;
    case 'chord':
      return `chord(${step.header.map(outline).join(' ')} | ${outline(step.body)})`;
  }
}

/** Its tasks, in the order in which they stand in it. */
export function tasksOf(lazy: Lazy): TaskStep[] {
  const step = stepOf(lazy);
  switch (step.kind) {
    case 'task':
      return [step];
    case 'chord':
      return [...step.header, step.body].flatMap(tasksOf);
    default:
      return step.tasks.flatMap(tasksOf);
  }
}

/** What is thrown, as text. */
export function errorOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return String((error as Error).message);
  }
  return 'nothing was thrown';
}
