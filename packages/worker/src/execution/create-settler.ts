import { Aftermath, type Joiner } from './aftermath.js';
import { Continuer } from './continuer.js';
import { Courier } from './courier.js';
import type { JoinerParts } from './join/chord-join.js';
import { Settler, type SettlerOptions } from './settle.js';
import { Teller } from './teller.js';
import { Undertaker } from './undertaker.js';

/** What a worker says of its settling. */
export interface SettlingOptions extends Pick<SettlerOptions, 'app' | 'worker' | 'factsOf' | 'onGivenUp'> {
  /** Makes what joins chords, of what it publishes and tells by. */
  readonly createJoiner: (parts: JoinerParts) => Joiner;
}

/** Makes a settler of its parts. */
export function createSettler({ createJoiner, ...options }: SettlingOptions): Settler {
  const { app, worker } = options;
  const courier = new Courier(app);
  const teller = new Teller(app, courier);
  const undertaker = new Undertaker(app, worker, courier);
  const continuer = new Continuer({ app, courier, teller, undertaker });
  const joiner = createJoiner({ app, teller, continuer });
  const aftermath = new Aftermath({ app, teller, continuer, joiner });
  return new Settler({ ...options, courier, teller, undertaker, aftermath });
}
