import { formatDuration } from '@tq/core/internal';
import type { Output } from '../output.js';

/** How far a command is. */
export interface Progress {
  /** Messages that are dealt with. */
  readonly done: number;
  /** Messages that there are to look at; what comes later is not among them. */
  readonly total: number;
}

/** Where progress is shown, and by which clock. */
export interface ProgressOptions {
  readonly output: Pick<Output, 'interactive' | 'json' | 'live' | 'note'>;
  /** What is being done, `retried`. */
  readonly verb: string;
  /** Monotonic, ms. */
  readonly now?: (() => number) | undefined;
}

/** Between two drawings on a terminal, ms. */
const DRAW_EVERY_MS = 100;
/** Between two lines anywhere else, ms. */
const SAY_EVERY_MS = 5_000;
const WIDTH = 30;

/**
 * Shows how far a command is, on standard error: a bar that is drawn over itself on a terminal, elsewhere a line now and
 * then, and nothing with `--json`. It draws when it is told something and sets no timer.
 */
export class ProgressBar {
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  readonly #start: number;
  #last: number;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#start = this.#now();
    // The first bar at once; the first line only when it takes long.
    this.#last = options.output.interactive ? Number.NEGATIVE_INFINITY : this.#start;
  }

  update(progress: Progress): void {
    const { output } = this.#options;
    if (output.json) return;
    const now = this.#now();
    if (now - this.#last < (output.interactive ? DRAW_EVERY_MS : SAY_EVERY_MS)) return;
    this.#last = now;
    if (output.interactive) output.live(`${bar(progress)} ${this.#text(progress, now)}`);
    else output.note(this.#text(progress, now));
  }

  #text({ done, total }: Progress, now: number): string {
    const elapsed = now - this.#start;
    const rate = elapsed > 0 ? (done * 1_000) / elapsed : 0;
    const speed = rate === 0 ? '' : `, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`;
    const left = rate === 0 || done >= total ? '' : `, ${formatLeft(((total - done) * 1_000) / rate)} left`;
    return `${done} of ${total} ${this.#options.verb}${speed}${left}`;
  }
}

function bar({ done, total }: Progress): string {
  const filled = total === 0 ? WIDTH : Math.min(WIDTH, Math.floor((done / total) * WIDTH));
  return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}]`;
}

/** Whole seconds, or whole minutes: an estimate that shows more would pretend to be exact. */
function formatLeft(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  return formatDuration(seconds < 120 ? seconds * 1_000 : Math.round(seconds / 60) * 60_000);
}
