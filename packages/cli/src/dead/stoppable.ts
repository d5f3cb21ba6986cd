import type { Output } from '../output.js';
import { onStopSignals, type StopSignal, signalExitCode } from '../signals.js';

/**
 * Does what can be stopped between two messages: the first SIGINT or SIGTERM aborts the signal, one more ends the process
 * at once, after which nothing is lost or doubled either.
 * @returns its exit code, or that of the signal which stopped it
 */
export async function stoppable(output: Output, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stopping = new AbortController();
  let stopped: StopSignal | undefined;
  const release = onStopSignals([
    (by) => {
      stopped = by;
      output.note(`${by}: stopping after the present message; once more to stop at once.`);
      stopping.abort();
    },
  ]);
  try {
    const code = await work(stopping.signal);
    return stopped === undefined ? code : signalExitCode(stopped);
  } finally {
    release();
  }
}
