/** Messages captured from Celery, in test/fixtures/celery at the root of the project. */
import { readdirSync, readFileSync } from 'node:fs';
import type { InboundMessage, Properties } from '../../src/protocol/message.js';
import { decodeFrames } from './amqp-frames.js';

interface Fixture {
  readonly args: { readonly exchange: string; readonly routing_key: string; readonly redelivered?: boolean };
  /** Left out where the body was shortened. */
  readonly frames_hex?: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const FOLDER = new URL('../../../../test/fixtures/celery/', import.meta.url);

/** Names of the fixtures whose names start with one of these, without `.json`. */
export function fixtureNames(...prefixes: string[]): string[] {
  const names = readdirSync(FOLDER).map((file) => file.replace('.json', ''));
  return names.filter((name) => prefixes.some((prefix) => name.startsWith(prefix))).sort();
}

/** A fixture as the message that its fields describe. */
export function readFixture(name: string): InboundMessage {
  const { args, properties, body } = load(name);
  const camel = Object.entries(properties).map(([key, value]) => [
    key.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
    value,
  ]);
  return {
    properties: Object.fromEntries(camel) as Properties,
    body: Buffer.from(body),
    exchange: args.exchange,
    routingKey: args.routing_key,
    redelivered: args.redelivered ?? false,
  };
}

/** A fixture decoded from its bytes on the wire; undefined where they were not kept. */
export function readFixtureFrames(name: string): InboundMessage | undefined {
  return load(name).frames_hex === undefined
    ? undefined
    : decodeFrames(load(name).frames_hex?.map((hex) => Buffer.from(hex, 'hex')) ?? []);
}

function load(name: string): Fixture {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as Fixture;
}
