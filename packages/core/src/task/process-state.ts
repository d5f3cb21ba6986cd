import type { Transport } from '../results/transport.js';
import type { Registry } from './registry.js';

/** Resolves when no call of an app waits for middleware or a validator; undefined when none does now. */
export type WaitingCalls = () => Promise<void> | undefined;

/** What the process knows of its apps, for children of a pool, which run tasks of whatever app their modules define. */
interface ProcessState {
  readonly registries: Set<Registry>;
  /** One for each open app. */
  readonly waiting: Set<WaitingCalls>;
  childTransport: Transport | undefined;
}

/** One state a process, whichever copy of this package asks. */
const KEY = Symbol.for('tq.process-state');
const globals = globalThis as { [KEY]?: ProcessState };

function state(): ProcessState {
  globals[KEY] ??= { registries: new Set(), waiting: new Set(), childTransport: undefined };
  return globals[KEY];
}

/** The registries of all open apps of this process. */
export function openRegistries(): Iterable<Registry> {
  return state().registries;
}

export function addRegistry(registry: Registry): void {
  state().registries.add(registry);
}

export function removeRegistry(registry: Registry): void {
  state().registries.delete(registry);
}

export function addWaitingCalls(waiting: WaitingCalls): void {
  state().waiting.add(waiting);
}

export function removeWaitingCalls(waiting: WaitingCalls): void {
  state().waiting.delete(waiting);
}

/** The same of all open apps of this process: a child asks before it calls a task done, since it may be ended then. */
export function callsWaiting(): Promise<unknown> | undefined {
  let all: Promise<void>[] | undefined;
  for (const waiting of state().waiting) {
    const some = waiting();
    if (some !== undefined) all = [...(all ?? []), some];
  }
  return all && Promise.all(all);
}

/** Makes this process or thread the child of a pool: every app in it sends its calls through `transport`. */
export function becomeChild(transport: Transport): void {
  state().childTransport = transport;
}

/** The way out of a child; undefined in a process that connects by itself. */
export function childTransport(): Transport | undefined {
  return state().childTransport;
}
