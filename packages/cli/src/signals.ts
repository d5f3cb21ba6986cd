import { constants } from 'node:os';

/** A signal that asks a program to end. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

const SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** What to do at the first signal, at the second and so on; one more signal than steps ends the process at once. */
export type StopStep = (signal: StopSignal) => void;

/** Registers what to do at the first call for an end, at the second and so on; each step is told who called. */
export type StopSource = (steps: readonly ((by: string) => void)[]) => void;

/** npm sends a script's program the signals that it gets itself, so that a terminal's Ctrl-C arrives twice, ms. */
const ECHO_LIMIT_MS = 300;

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
  const isEcho = echoDetector();
  const listener = (signal: StopSignal) => {
    if (isEcho(signal)) return;
    const step = steps[count++];
    if (step === undefined) process.exit(signalExitCode(signal));
    step(signal);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}

/** Under `npm run` one Ctrl-C must not count as two: SIGINT again within a moment is an echo of it. */
function echoDetector(): (signal: StopSignal) => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return (signal) => {
    if (signal !== 'SIGINT' || process.env.npm_lifecycle_event === undefined) return false;
    const before = last;
    last = performance.now();
    return last - before < ECHO_LIMIT_MS;
  };
}
