import { isUtf8 } from 'node:buffer';
import type { Headers, InboundMessage } from '@tq/core/internal';
import { plainText } from '../dead/plain-text.js';

/** A name or a payload that is longer is cut where a person reads it, characters. */
const MAX_NAME = 200;
const MAX_PAYLOAD = 10_000;

/** An event as a line of JSON: the payload as what it is, as text where it is no JSON, in base64 where it is no text. */
export function eventJson(message: InboundMessage): string {
  const { exchange, routingKey, properties } = message;
  const { type, messageId, timestamp, headers = {} } = properties;
  const known = {
    event: type ?? routingKey,
    exchange,
    key: routingKey,
    id: messageId,
    time: timestamp === undefined ? undefined : new Date(timestamp * 1_000),
    headers,
  };
  return `${JSON.stringify(known).slice(0, -1)},${payloadMember(message)}}`;
}

/** An event as a person reads it: when it came, its name, its payload, and its headers where they are asked for. */
export function eventText(message: InboundMessage, now: Date, withHeaders: boolean): string {
  const { properties, routingKey, body } = message;
  const payload = isUtf8(body) ? plainText(body.toString('utf8'), MAX_PAYLOAD) : `(${body.length} bytes)`;
  const line = `${clockTime(now)}  ${plainText(properties.type ?? routingKey, MAX_NAME)}  ${payload}`;
  return withHeaders ? [line, ...headerLines(properties.headers ?? {})].join('\n') : line;
}

function headerLines(headers: Headers): readonly string[] {
  return Object.entries(headers).map(
    ([name, value]) => `          ${plainText(name, MAX_NAME)}: ${plainText(JSON.stringify(value) ?? '', MAX_PAYLOAD)}`,
  );
}

/** JSON goes on as it came, but for its line ends: numbers are not rounded to what JavaScript keeps. */
function payloadMember({ body }: InboundMessage): string {
  if (!isUtf8(body)) return `"base64":"${body.toString('base64')}"`;
  const text = body.toString('utf8');
  return isJson(text) ? `"payload":${text.trim().replace(/[\r\n]+/g, ' ')}` : `"text":${JSON.stringify(text)}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Of the clock on the wall where this runs. */
function clockTime(now: Date): string {
  return [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
