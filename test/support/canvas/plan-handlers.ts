import { show, type TaskName, type Value } from './plan.js';

/** What the handlers of random canvases need of whoever calls them. */
export interface HandlerPort {
  /** Told of every run of a step, and of every callback and errback. */
  ran(what: string): void;
  /** The try, 1 for the first. */
  attempt(): number;
}

/** What step fails, as the message of its error tells. */
export const FAILS = /fails at ([\w.]+)/;

type Handler = (before: Value, second: number, path: string) => Value;

/** The handlers by their names; each takes what came before, and gives the same for the same. */
export function planHandlers({ ran, attempt }: HandlerPort) {
  const steps = {
    add: (before, second) => measure(before) + second,
    // JSON has no -0.
    multiply: (before, second) => ((measure(before) * second) % 1_000_003) + 0,
    sum: (before) => measure(before),
    concat: (before, second) => `${show(before).slice(-100)}|${second}`,
    identity: (before) => before,
    wrap: (before, second) => [before, second],
    nothing: () => undefined,
    flaky: (before, _, path) => {
      if (attempt() === 1) throw new Error(`fails at ${path} the first time`);
      return before;
    },
    fails: (_, __, path) => {
      throw new Error(`fails at ${path}`);
    },
  } satisfies Record<TaskName, Handler>;
  return {
    steps: Object.fromEntries(
      Object.entries<Handler>(steps).map(([name, handler]) => [
        name,
        (before: Value, second: number, path: string) => {
          ran(path);
          return handler(before, second, path);
        },
      ]),
    ) as Record<TaskName, Handler>,
    double: (item: number) => {
      ran('double');
      return 2 * item;
    },
    subtract: (one: number, other: number) => {
      ran('subtract');
      return one - other;
    },
  };
}

/** A number of whatever comes. */
function measure(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value))
    return (value as readonly Value[]).reduce<number>((sum, one) => sum + measure(one), 0) % 1_000_003;
  return typeof value === 'bigint' ? Number(value) : 1;
}
