import { TqError } from '../errors.js';

/** Runs around what is inside of it: `next` goes one layer further in and gives what comes back. */
export type Layer<C, R> = (context: C, next: () => Promise<R>) => R | PromiseLike<R>;

/** Layers around a core that is given with each run. Never throws at once: what fails rejects. */
export type Onion<C, R> = (context: C, core: () => Promise<R>) => Promise<R>;

/**
 * Puts layers around each other, the first one outermost, once for all runs.
 * @returns undefined when there is no layer: the core is to be called as it is
 */
export function composeOnion<C, R>(layers: readonly Layer<C, R>[]): Onion<C, R> | undefined {
  if (layers.length === 0) return undefined;
  return layers.reduceRight<Onion<C, R>>(
    (inner, layer) => wrap(layer, inner),
    (_, core) => core(),
  );
}

function wrap<C, R>(layer: Layer<C, R>, inner: Onion<C, R>): Onion<C, R> {
  return async (context, core) => {
    let state: 'open' | 'called' | 'over' = 'open';
    const next = (): Promise<R> => {
      if (state !== 'open') throw misuse(state);
      state = 'called';
      return inner(context, core);
    };
    try {
      return await layer(context, next);
    } finally {
      state = 'over';
    }
  };
}

function misuse(state: 'called' | 'over'): TqError {
  const found = state === 'called' ? 'a second one' : 'one after the middleware had ended';
  return new TqError(
    'next-misused',
    `Expected one call of next() while the middleware runs, found ${found}. ` +
      'Await or return the one next(); to run a task again, call it or retry it.',
  );
}
