// @ts-check
/** Start of the embedded broker, and its memory when it has nothing to do. */
import { acceptsAmqp } from '../../scripts/ports.js';
import { IDLE_MS, memoryOf } from '../harness.js';
import { describe } from '../measure.js';
import { EMBEDDED, startEmbedded } from './embedded.js';
import { START } from './scenarios.js';

/** @import { EmbeddedKind } from './embedded.js' */
/** @import { BrokerSample } from './scenarios.js' */

/**
 * @param {number} rounds
 * @returns {Promise<ReadonlyMap<EmbeddedKind, readonly BrokerSample[]>>} one sample a round
 */
export async function measureStarts(rounds) {
  /** @type {Map<EmbeddedKind, BrokerSample[]>} */
  const samples = new Map(EMBEDDED.map((kind) => [kind, []]));
  for (let round = 0; round < rounds; round++) {
    for (const kind of round % 2 === 0 ? EMBEDDED : EMBEDDED.toReversed()) {
      const sample = await measureStart(kind);
      samples.get(kind)?.push(sample);
      console.log(`bench: ${START.title}, round ${round + 1} of ${rounds}, ${kind}: ${describe(sample)}`);
    }
  }
  return samples;
}

/**
 * From the start of the process to the broker's first word to a client, as whoever waits for its line of facts sees it.
 * @param {EmbeddedKind} kind
 * @returns {Promise<BrokerSample>}
 */
async function measureStart(kind) {
  const startedAt = performance.now();
  const { url, pid, stop } = await startEmbedded(kind);
  try {
    if (!(await acceptsAmqp(Number(new URL(url).port)))) throw new Error(`expected AMQP at ${url}, found none`);
    const acceptMs = performance.now() - startedAt;
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    return { acceptMs, idleMb: memoryOf(pid) / 2 ** 20 };
  } finally {
    await stop();
  }
}
