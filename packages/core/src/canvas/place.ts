import { asPublishError, PublishError } from '../errors.js';
import { MAX_NESTING } from '../protocol/canvas/shape.js';

/** Where a part stands in a canvas, for error texts. */
export interface Place {
  readonly what: string;
  /** From 0; undefined where there is only one. */
  readonly index: number | undefined;
  readonly around: Place | undefined;
}

/** A place in another one; undefined is the whole canvas. */
export function placeIn(what: string, index: number | undefined, around: Place | undefined): Place {
  return { what, index, around };
}

/** How texts name a place: `chain step 2 ('parse')`. */
function nameOfPlace(place: Place | undefined, task: string | undefined): string {
  const words: string[] = [];
  for (let at = place; at !== undefined; at = at.around) {
    words.unshift(at.index === undefined ? at.what : `${at.what} ${at.index + 1}`);
  }
  const name = task === undefined ? '' : `'${task}'`;
  if (words.length === 0) return task === undefined ? 'canvas' : name;
  return words.join(' > ') + (task === undefined ? '' : ` (${name})`);
}

/** What is wrong with a step, with the step named. */
export function refused(place: Place | undefined, task: string | undefined, thrown: unknown): PublishError {
  const error = asPublishError(thrown);
  const where = nameOfPlace(place, task);
  const fields = { ...error.fields, ...(task !== undefined && { task }), step: where };
  return new PublishError(error.code, `${where}: ${error.message}`, { fields, cause: error.cause ?? error });
}

/**
 * Bounds how many parts stand in one another.
 * @throws {PublishError} `invalid-option`
 */
export function requireLevels(levels: number, place: Place | undefined): void {
  if (levels <= MAX_NESTING) return;
  const where = nameOfPlace(place, undefined).slice(0, 100);
  const text = `canvas: expected at most ${MAX_NESTING} parts in one another, found more (${where}…); nest fewer.`;
  throw new PublishError('invalid-option', text);
}
