import type { AnyCanvas, OutOf, PrevOf } from '../task/canvas.js';

/** What the compiler says of a step that does not fit behind the one before it. */
export interface WrongStep<Gives, Takes> {
  /** The types that do not fit. */
  readonly 'this step does not take what the step before it gives': readonly [gives: Gives, takes: Takes];
}

/** What the compiler says of a step that has all its arguments already. */
export interface CompleteStep<Gives> {
  /** The type that it would have to take. */
  readonly 'this step has all its arguments and takes no result; to drop the result before it, write si(…)': Gives;
}

/** `unknown` where a part takes what another one gives, else what is wrong with it. */
export type Follows<Before, Step> = Step extends AnyCanvas
  ? [OutOf<Before>] extends [PrevOf<Step>]
    ? unknown
    : [PrevOf<Step>] extends [never]
      ? CompleteStep<OutOf<Before>>
      : WrongStep<OutOf<Before>, PrevOf<Step>>
  : unknown;
