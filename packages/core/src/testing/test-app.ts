import { type App, createAppOn } from '../app.js';
import { internalsOf } from '../app-internals.js';
import { TqError } from '../errors.js';
import type { AppOptions } from '../options.js';
import type { EagerTransport } from '../producer/eager-transport.js';
import type { Transport } from '../results/transport.js';
import { setDefaultClock } from '../runtime.js';
import { type Clock, systemClock } from '../time/clock.js';
import { ManualClock } from './manual-clock.js';

/** Options of an app for tests. */
export interface TestAppOptions extends AppOptions {
  /** Whose time the app goes by. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/**
 * An app that runs its tasks in this process, without a broker, on a clock that the test may turn.
 * @throws {TqError} `unknown-option` or `invalid-option`
 */
export function createTestApp({ clock = systemClock, ...options }: TestAppOptions = {}): App {
  return createAppOn(clock, { eager: true, ...options });
}

/**
 * Makes a clock that the test turns by hand, and lets every app go by it that is made from now on, the default app
 * included: call it in a setup file, before the task modules are imported.
 * @param wallTime ms since the epoch at the start. Default: 2026-01-01T00:00Z
 */
export function useManualClock(wallTime?: number): ManualClock {
  const clock = new ManualClock(wallTime);
  setDefaultClock(clock);
  return clock;
}

/**
 * Resolves when no task of an eager app runs and none is about to: for tasks that nobody awaits.
 * @throws {TqError} `invalid-option` when the app is not eager
 */
export async function whenIdle(app: App): Promise<void> {
  const internals = internalsOf(app);
  const { transport } = internals;
  if (!isEager(transport)) {
    throw new TqError(
      'invalid-option',
      'whenIdle: expected an eager app, found one with a broker. Make it with createTestApp() or createApp({ eager: true }).',
    );
  }
  do {
    await internals.waiting();
    await transport.whenIdle();
  } while (internals.waiting() !== undefined);
}

/** Whichever copy of this package made it. */
function isEager(transport: Transport): transport is EagerTransport {
  return 'whenIdle' in transport;
}
