import { toError } from '@tq/core/internal';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { onStopSignals } from '../signals.js';

/**
 * Shows what `draw` gives: once, or every `intervalMs` until SIGINT or SIGTERM. Only the first look may fail; a later one
 * that does is noted, since a broker that restarts is what one may be watching.
 */
export async function show(
  output: Output,
  intervalMs: number | undefined,
  draw: () => Promise<string>,
): Promise<number> {
  if (intervalMs === undefined) {
    output.print(await draw());
    return EXIT.ok;
  }
  const stopping = new AbortController();
  const release = onStopSignals([() => stopping.abort()]);
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  try {
    await Promise.race([stopped, draw().then((text) => output.redraw(text))]);
    while (!stopping.signal.aborted) {
      await Promise.race([stopped, drawAfter(intervalMs, output, draw)]);
    }
  } finally {
    release();
  }
  return EXIT.ok;
}

async function drawAfter(intervalMs: number, output: Output, draw: () => Promise<string>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, intervalMs));
  try {
    output.redraw(await draw());
  } catch (error) {
    output.note(toError(error).message);
  }
}
