import { hostname } from 'node:os';
import { type Envelope, encodeCeleryEnvelope, encodeEnvelope } from '../protocol/envelope.js';
import type { OutboundMessage } from '../protocol/message.js';
import type { Preset } from '../protocol/preset.js';

/** Turns a call into its message. */
export type Encoder = (envelope: Envelope, replyTo: string | undefined) => OutboundMessage;

/** How this preset's envelopes become messages. */
export function encoderOf(preset: Preset): Encoder {
  if (preset === 'tq') return encodeEnvelope;
  const origin = `tq${process.pid}@${hostname()}`;
  return (envelope, replyTo) => encodeCeleryEnvelope(envelope, replyTo, origin);
}
