/** Brokers on free ports, and clients of them. */
import amqp from 'amqplib';
import type { BrokerOptions } from '../src/options.js';
import { type Broker, startBroker } from '../src/server.js';
import { Client } from './session/scene.js';

/** A broker that stops with the test. */
export async function start(options: BrokerOptions = {}): Promise<Broker & AsyncDisposable> {
  const broker = await startBroker({ port: 0, ...options });
  return Object.assign(broker, { [Symbol.asyncDispose]: () => broker.stop() });
}

export async function open(url: string): Promise<Client> {
  return new Client(await amqp.connect(url));
}

export function portOf(url: string): number {
  return Number(new URL(url).port);
}
