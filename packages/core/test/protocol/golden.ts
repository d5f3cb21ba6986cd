/** Golden files: what tq writes, pinned. `UPDATE_GOLDEN=1` writes them anew after a change that is meant. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { OutboundMessage } from '../../src/protocol/message.js';
import { encodeFrames } from './amqp-frames.js';

/** Compares a message, fields and bytes, with `golden/NAME.json`. */
export function expectGolden(name: string, message: OutboundMessage): void {
  const file = new URL(`golden/${name}.json`, import.meta.url);
  const actual = JSON.stringify({
    properties: message.properties,
    body: message.body.toString('utf8'),
    frames_hex: encodeFrames(message, 'queue').map((frame) => frame.toString('hex')),
  });
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, `${JSON.stringify(JSON.parse(actual), null, 2)}\n`);
  expect(JSON.parse(actual)).toEqual(JSON.parse(readFileSync(file, 'utf8')));
}
