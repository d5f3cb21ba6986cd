import { constants } from 'node:os';

/** A signal that asks a program to end. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

const SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** What to do at the first signal, at the second and so on; one more signal than steps ends the process at once. */
export type StopStep = (signal: StopSignal) => void;

/** The exit code of a program that a signal ended: 128 and its number, as shells have it. */
export function signalExitCode(signal: StopSignal): number {
  return 128 + constants.signals[signal];
}

/**
 * Answers SIGINT and SIGTERM step by step; both count together.
 * @returns gives the signals back
 */
export function onStopSignals(steps: readonly StopStep[]): () => void {
  let count = 0;
  const listener = (signal: StopSignal) => {
    const step = steps[count++];
    if (step === undefined) process.exit(signalExitCode(signal));
    step(signal);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}
