import { TqError } from '../errors.js';
import type { AnyCanvas, Chord, Composable, Group, HandleOf, HeadOf, OutOf, PrevOf } from '../task/canvas.js';
import { nameOf, partOf, requirePart } from '../task/canvas-part.js';
import { CanvasValue } from '../task/canvas-value.js';
import { NO_CALL_OPTIONS } from '../task/merge-call.js';
import type { Follows } from './follows.js';
import { type HeadOfAll, headerPart, type OutOfAll, type PrevOfAll } from './group.js';

/** What a chord begins with: a group, or a list of members. */
export type Header = readonly AnyCanvas[] | AnyGroup;

/** Any group. */
export type AnyGroup = Composable<never, readonly unknown[], boolean, unknown> &
  Pick<Group<never, readonly unknown[], boolean>, 'kind'>;

/** The group that a chord begins with. */
export type HeaderOf<H> = H extends readonly AnyCanvas[]
  ? Group<PrevOfAll<H[number]>, OutOfAll<H>, HeadOfAll<H[number]>>
  : H;

/**
 * A body that is started with the list of the results of a group, once all of them are there. Without members it is
 * started at once, with an empty list.
 * @throws {TqError} `invalid-option` when a member or the body is no part of a canvas
 */
export function chord<const H extends Header, B extends AnyCanvas>(
  header: H,
  body: B & Follows<HeaderOf<H>, B>,
): Chord<PrevOf<HeaderOf<H>>, OutOf<B>, HeadOf<HeaderOf<H>>, HandleOf<B>> {
  const group = headerPart(header as AnyCanvas | readonly AnyCanvas[]);
  if (group === undefined) {
    const part = partOf(header);
    const found = part === undefined ? typeof header : nameOf(part);
    throw new TqError('invalid-option', `chord header: expected a group or a list of its members, found ${found}.`);
  }
  const common = { options: NO_CALL_OPTIONS, link: [], linkError: [] } as const;
  const part = { kind: 'chord', header: group, body: requirePart(body, 'chord body'), ...common } as const;
  return new CanvasValue(part) as unknown as ReturnType<typeof chord<H, B>>;
}
