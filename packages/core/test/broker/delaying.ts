/** Delays of a test's own, and a foreign peer that publishes as they say. */
import { onTestFinished } from 'vitest';
import { brokerUrl, openPeer } from '../../../../test/support/broker.js';
import { Delays, type DelaysOptions } from '../../src/broker/delays.js';
import { taskQueueTopology } from '../../src/broker/topology.js';
import { testRuntime } from '../test-runtime.js';
import { connectionTo } from './connections.js';

/** Of these tests; a message that waits for one unit takes about as long. */
export const UNIT_MS = 20;

/** Delays of this prefix, and a peer beside them. */
export async function openDelays(prefix: string, options: Partial<DelaysOptions> & { readonly url?: string } = {}) {
  const { type = 'classic', url = brokerUrl() } = options;
  const runtime = testRuntime();
  const connection = connectionTo([url], runtime);
  const topologyOf = (queue: string) => taskQueueTopology(queue, { prefix, type, declare: 'full', own: {} });
  const topology = { ofQueue: topologyOf, ofExchange: () => undefined };
  const delays = new Delays({ connection, prefix, unitMs: UNIT_MS, topology, runtime, ...options, type });
  const peer = await openPeer();
  onTestFinished(() => peer.close());
  const channel = await peer.connection.createConfirmChannel();
  channel.on('error', () => undefined);
  /** Publishes mandatory, and tells whether the broker sent it back. */
  const send = async (queue: string, delayMs: number, headers: Record<string, unknown> = {}, more = {}) => {
    const { exchange, routingKey } = delays.route(queue, delayMs);
    let returned = false;
    const onReturn = () => {
      returned = true;
    };
    channel.once('return', onReturn);
    const body = Buffer.from(`${queue} after ${delayMs}`);
    channel.publish(exchange, routingKey, body, { mandatory: true, persistent: true, headers, ...more });
    await channel.waitForConfirms();
    channel.off('return', onReturn);
    return returned ? 'returned' : 'confirmed';
  };
  return { delays, connection, runtime, peer, send, topologyOf };
}
