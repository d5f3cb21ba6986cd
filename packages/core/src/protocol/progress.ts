import { TqError } from '../errors.js';

/** How far a task is, as it says itself. */
export interface TaskProgress {
  /** What is done, in the task's own unit, from 0 on. */
  readonly done: number;
  /** What there is to do; undefined where the task does not know. */
  readonly total: number | undefined;
  /** What it says beside. */
  readonly message: string | undefined;
}

/** Longer texts are cut: a reply that is larger than a message may be would harm who sends it. */
const MAX_MESSAGE_LENGTH = 1_000;

/**
 * What a handler gave `progress(…)`.
 * @throws {TqError} `invalid-option` naming what was wrong with it
 */
export function checkProgress(done: unknown, total: unknown, message: unknown): TaskProgress {
  if (!isAmount(done)) throw invalid('done', 'a finite number from 0 on', done);
  if (total !== undefined && !isAmount(total)) {
    throw invalid('total', 'a finite number from 0 on, or undefined where it is not known', total);
  }
  if (message !== undefined && typeof message !== 'string') throw invalid('message', 'text or undefined', message);
  return { done, total, message: message?.slice(0, MAX_MESSAGE_LENGTH) };
}

/** The result of a PROGRESS reply. Programs of Celery's world look for `current`. */
export function encodeProgressMeta({ done, total, message }: TaskProgress): object {
  return { done, current: done, total: total ?? null, message: message ?? null };
}

/**
 * Reads what a task says of itself beside a state of its own: tq's `done`, or the `current` of most Python tasks, with
 * `total`, and a text as `message`, `status` or `description`. Undefined for what tells no progress.
 */
export function readProgressMeta(meta: unknown): TaskProgress | undefined {
  if (typeof meta !== 'object' || meta === null) return undefined;
  const fields = meta as Readonly<Record<string, unknown>>;
  const done = [fields.done, fields.current].find(isAmount);
  if (done === undefined) return undefined;
  const total = isAmount(fields.total) ? fields.total : undefined;
  const message = [fields.message, fields.status, fields.description].find((text) => typeof text === 'string');
  return { done, total, message };
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function invalid(what: string, expected: string, found: unknown): TqError {
  const shown = typeof found === 'number' ? String(found) : found === null ? 'null' : typeof found;
  return new TqError(
    'invalid-option',
    `progress(done, total, message): ${what}: expected ${expected}, found ${shown}.`,
  );
}
