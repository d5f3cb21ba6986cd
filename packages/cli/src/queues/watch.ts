import { toError } from '@tq/core/internal';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { onStopSignals } from '../signals.js';

/** What there is to see now. */
export interface Look {
  readonly text: string;
  /** Nothing of it will change any more. Default: false. */
  readonly isLast?: boolean;
}

/**
 * Shows what `draw` gives: once, or every `intervalMs` until its last, SIGINT or SIGTERM. Only the first look may fail; a
 * later one that does is noted, since a broker that restarts is what one may be watching.
 */
export async function show(output: Output, intervalMs: number | undefined, draw: () => Promise<Look>): Promise<number> {
  if (intervalMs === undefined) {
    output.print((await draw()).text);
    return EXIT.ok;
  }
  const stopping = new AbortController();
  const release = onStopSignals([() => stopping.abort()]);
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  const look = async () => {
    const { text, isLast = false } = await draw();
    output.redraw(text);
    if (isLast) stopping.abort();
  };
  try {
    await Promise.race([stopped, look()]);
    while (!stopping.signal.aborted) {
      await Promise.race([stopped, lookAfter(intervalMs, output, look)]);
    }
  } finally {
    release();
  }
  return EXIT.ok;
}

async function lookAfter(intervalMs: number, output: Output, look: () => Promise<void>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, intervalMs));
  try {
    await look();
  } catch (error) {
    output.note(toError(error).message);
  }
}
