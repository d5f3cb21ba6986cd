import { PublishError, toError } from '../errors.js';
import type { CallOptions } from '../task/call.js';
import {
  checkTarget,
  isRuleList,
  type RoutedCall,
  type RouteFunction,
  type RouteOptions,
  type Routes,
  type RouteTarget,
} from './routes.js';
import { byNarrowness, globMatcher, isGlob } from './task-glob.js';

/** One route, compiled: what fits a name says where it goes, or asks a function. */
export type RouteEntry = {
  /** How texts name it: `'mail.*'`, or `routes[2] (/^mail/)`. */
  readonly label: string;
  /** Whether it is for calls of this task. */
  fits(task: string): boolean;
} & ({ readonly to: RouteOptions } | { readonly ask: RouteFunction });

/** What of a call's options has to do with its way. */
export type CallAddress = Pick<CallOptions, 'queue' | 'exchange' | 'routingKey' | 'priority' | 'headers'>;

/** Names whose routes are remembered; more of them than a program has tasks. */
const MAX_NAMES = 10_000;

/**
 * Finds the way of calls by their task's name. Pure but for what is remembered by name, so that a name is matched once;
 * functions alone are asked for each call.
 */
export class Router {
  /** In the order in which they are tried. */
  readonly entries: readonly RouteEntry[];
  readonly #byName = new Map<string, readonly RouteEntry[]>();

  /** @param routes as `checkRoutes` lets them through */
  constructor(routes: Routes) {
    this.entries = isRuleList(routes) ? routes.map(ruleEntry) : recordEntries(routes);
  }

  /**
   * Completes a call's options, its task's among them: what they say stands, what they leave open a route may say.
   * @throws {PublishError} `route-failed` when a function throws or answers with what is no route
   */
  route<O extends CallAddress>(task: string, args: readonly unknown[], options: O): O {
    for (const entry of this.entriesFor(task)) {
      const said = answerOf(entry, task, args, options);
      if (said !== undefined) return complete(options, said);
    }
    return options;
  }

  /** What is tried for a task, in this order: functions, and the first that is none. */
  entriesFor(task: string): readonly RouteEntry[] {
    const known = this.#byName.get(task);
    if (known !== undefined) return known;
    const fitting = this.entries.filter((entry) => entry.fits(task));
    const last = fitting.findIndex((entry) => 'to' in entry);
    const found = last === -1 ? fitting : fitting.slice(0, last + 1);
    if (this.#byName.size >= MAX_NAMES) this.#byName.clear();
    this.#byName.set(task, found);
    return found;
  }

  /** What is known of a task's way without a call: functions are passed over. */
  standing(task: string): RouteOptions | undefined {
    const entry = this.entriesFor(task).at(-1);
    return entry !== undefined && 'to' in entry ? entry.to : undefined;
  }

  /** A function decides about calls of this task. */
  isAsked(task: string): boolean {
    return this.entriesFor(task).some((entry) => 'ask' in entry);
  }
}

/**
 * What a route says of a call; undefined where a function has nothing to say.
 * @throws {PublishError} `route-failed`
 */
export function answerOf(
  entry: RouteEntry,
  task: string,
  args: readonly unknown[],
  options: CallAddress,
): RouteOptions | undefined {
  if ('to' in entry) return entry.to;
  const { queue, exchange, routingKey, priority, headers } = options;
  const call: RoutedCall = { task, args, queue, exchange, routingKey, priority, headers };
  let answer: unknown;
  try {
    answer = entry.ask(call);
  } catch (thrown) {
    const cause = toError(thrown);
    throw failed(entry, task, `it threw ${cause.name}: ${cause.message}`, cause);
  }
  if (answer === undefined) return undefined;
  if (answer instanceof Promise) {
    answer.catch(() => undefined);
    throw failed(entry, task, 'it gave a promise; routes answer at once, so let middleware ask what takes time');
  }
  try {
    return checkTarget(answer, 'its answer');
  } catch (thrown) {
    throw failed(entry, task, toError(thrown).message, thrown);
  }
}

/** What options come to with what a route says; an address of their own cancels that of the route. */
export function complete<O extends CallAddress>(options: O, said: RouteOptions): O {
  const priority = options.priority ?? said.priority;
  if (options.queue !== undefined || options.exchange !== undefined) {
    return priority === options.priority ? options : { ...options, priority };
  }
  const { queue, exchange } = said;
  if (exchange === undefined) return { ...options, queue, priority };
  return { ...options, exchange, routingKey: options.routingKey ?? said.routingKey, priority };
}

function failed(entry: RouteEntry, task: string, why: string, cause?: unknown): PublishError {
  const text = `The call of task '${task}' has no way: ${entry.label} was asked for one, and ${why}`;
  return new PublishError('route-failed', text.endsWith('.') ? text : `${text}.`, { fields: { task }, cause });
}

function ruleEntry(rule: Exclude<Routes, Readonly<Record<string, RouteTarget>>>[number], index: number): RouteEntry {
  if (typeof rule === 'function') {
    const label = rule.name === '' ? `routes[${index}]` : `routes[${index}] (${rule.name})`;
    return { label, fits: () => true, ask: rule };
  }
  const { task, to } = rule;
  const target = checkTarget(to, `routes[${index}]: to`);
  if (typeof task === 'string') return { label: `routes[${index}] ('${task}')`, fits: matcher(task), to: target };
  // Of its own, and without the flags that make a match depend on the one before.
  const pattern = new RegExp(task.source, task.flags.replace(/[gy]/g, ''));
  return { label: `routes[${index}] (${task})`, fits: (name) => pattern.test(name), to: target };
}

/** Exact names first, then patterns, the narrower before the wider. */
function recordEntries(routes: Readonly<Record<string, RouteTarget>>): RouteEntry[] {
  const exact = Object.keys(routes).map((name) => ({ name, fits: (task: string) => task === name }));
  const globs = Object.keys(routes)
    .filter(isGlob)
    .sort(byNarrowness)
    .map((name) => ({ name, fits: matcher(name) }));
  return [...exact.filter(({ name }) => !isGlob(name)), ...globs].map(({ name, fits }) => ({
    label: `'${name}'`,
    fits,
    to: checkTarget(routes[name], `routes: '${name}'`),
  }));
}

function matcher(task: string): (name: string) => boolean {
  return isGlob(task) ? globMatcher(task) : (name) => name === task;
}
