import { type AsyncResult, hasCode, type TaskProgress } from '@tq/core';
import type { Output } from '../output.js';
import { progressLine, progressText } from './progress-line.js';

/** Where the progress of a task is shown, and by which clock. */
export interface ShowProgressOptions {
  readonly output: Pick<Output, 'clear' | 'interactive' | 'json' | 'live' | 'note' | 'print' | 'width'>;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Monotonic, ms. */
  readonly now?: (() => number) | undefined;
}

/** Between two lines where it is no terminal, ms. */
const SAY_EVERY_MS = 1_000;

/**
 * Shows how far a task is until it ends: on standard error a bar that is drawn over itself, or a line now and then where
 * that is no terminal; with `--json` a line on standard output for each word of it. The last word is always shown.
 */
export async function showProgress(
  result: Pick<AsyncResult<unknown>, 'id' | 'progress'>,
  { output, signal, now = () => performance.now() }: ShowProgressOptions,
): Promise<void> {
  let saidAt = Number.NEGATIVE_INFINITY;
  let unsaid: TaskProgress | undefined;
  try {
    for await (const progress of result.progress({ signal })) {
      unsaid = undefined;
      if (output.json) output.print(jsonLine(result.id, progress));
      else if (output.interactive) output.live(progressLine(progress, output.width));
      else if (now() - saidAt < SAY_EVERY_MS) unsaid = progress;
      else {
        saidAt = now();
        output.note(progressText(progress));
      }
    }
    if (unsaid !== undefined) output.note(progressText(unsaid));
  } catch (error) {
    // Whoever waits for the result says why.
    if (!hasCode(error, 'result-aborted')) throw error;
  } finally {
    output.clear();
  }
}

function jsonLine(id: string, { done, total, message }: TaskProgress): string {
  return JSON.stringify({ id, progress: { done, total: total ?? null, message: message ?? null } });
}
