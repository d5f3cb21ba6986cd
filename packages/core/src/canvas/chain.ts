import { TqError } from '../errors.js';
import type { AnyCanvas, Chain, HandleOf, HeadOf, OutOf, PrevOf } from '../task/canvas.js';
import { type Part, requirePart } from '../task/canvas-part.js';
import { CanvasValue } from '../task/canvas-value.js';
import { NO_CALL_OPTIONS } from '../task/merge-call.js';
import type { Follows } from './follows.js';

/** Steps each of which takes what the one before it gives: looked at in pairs, since a chain may have hundreds. */
export type Steps<S extends readonly unknown[]> = {
  [K in keyof S]: S[K] &
    (number extends K
      ? unknown
      : K extends '0'
        ? unknown
        : K extends keyof [unknown, ...S]
          ? Follows<[unknown, ...S][K], S[K]>
          : never);
};

/** The same for steps among which a list is spread, whose length nobody knows; else `unknown`. */
export type SpreadSteps<S extends readonly unknown[]> = number extends S['length']
  ? unknown extends AfterSpread<S>
    ? unknown
    : readonly AfterSpread<S>[]
  : unknown;

/** `unknown` where a list and what comes after it takes what may come before, else what is wrong with one of them. */
export type AfterSpread<S extends readonly unknown[]> = S extends readonly [...infer F, infer L]
  ? Follows<F extends readonly [...unknown[], infer B] ? B : F[number], L> & AfterSpread<F>
  : S extends readonly [infer A, ...infer T]
    ? T extends readonly [unknown, ...unknown[]]
      ? AfterSpread<T>
      : Follows<A | T[number], T[number]>
    : Follows<S[number], S[number]>;

/** The last of a list. */
export type Last<S extends readonly unknown[]> = S extends readonly [...unknown[], infer L] ? L : S[number];

/**
 * Puts steps one after the other: each gets the result of the one before it as its first argument, unless it is immutable.
 * A group in it that is not the last becomes a chord, whose body is the rest.
 * @throws {TqError} `invalid-option` when there are none, or one is no part of a canvas
 */
export function chain<const S extends readonly [AnyCanvas, ...AnyCanvas[]]>(
  ...steps: Steps<S> & SpreadSteps<S>
): Chain<PrevOf<S[0]>, OutOf<Last<S>>, HeadOf<S[0]>, HandleOf<Last<S>>> {
  const parts = (steps as readonly AnyCanvas[]).map((step, index) => requirePart(step, `chain step ${index + 1}`));
  if (parts.length === 0) throw new TqError('invalid-option', 'chain: expected at least one step, found none.');
  const flat = parts.flatMap(stepsOf);
  const part = { kind: 'chain', steps: flat, options: NO_CALL_OPTIONS, link: [], linkError: [] } as const;
  return new CanvasValue(part) as unknown as ReturnType<typeof chain<S>>;
}

/** A chain in a chain that says nothing of its own is its steps. */
function stepsOf(part: Part): readonly Part[] {
  if (part.kind !== 'chain') return [part];
  const says = part.options !== NO_CALL_OPTIONS || part.link.length + part.linkError.length > 0;
  return says ? [part] : part.steps;
}
