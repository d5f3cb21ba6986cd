import { type BodyParts, joinBody, splitBody } from './body-parts.js';
import { encodableHeader } from './encodable-headers.js';
import type { Headers, HeaderValue, InboundMessage, OutboundMessage } from './message.js';
import { copyMessage } from './message-copy.js';
import { DEAD_HEADER, HEADER, isTaskTable, TQ_HEADER } from './names.js';

const DEAD_HEADERS: ReadonlySet<string> = new Set(Object.values(DEAD_HEADER));
/** What a task has gathered on its way, and times that have passed. */
const PAST_HEADERS: ReadonlySet<string> = new Set([
  ...[HEADER.eta, HEADER.expires],
  ...[TQ_HEADER.errors, TQ_HEADER.lost, TQ_HEADER.redeliveries, TQ_HEADER.unknownRounds],
]);
/** What a foreign message has gathered that was a plain task's: all of tq's but where it was published to. */
const PAST_OF_FOREIGN: ReadonlySet<string> = new Set([
  ...Object.values(TQ_HEADER).filter((name) => name !== TQ_HEADER.exchange && name !== TQ_HEADER.routingKey),
]);

/**
 * A dead letter as it goes back to its queue: the message that it was, without what says that it died. A task starts anew,
 * at its first try, at once and without an end of its time; a foreign message is as it was, byte for byte, but for two
 * headers that name its exchange and key where a plain task or subscriber had it from one.
 * @param argsText JSON of other positional arguments
 */
export function encodeReplay(message: InboundMessage, argsText?: string): OutboundMessage {
  const { properties, body } = copyMessage(message, {});
  const isTask = isTaskTable(properties.headers);
  const headers: Record<string, HeaderValue> = {};
  for (const [name, value] of Object.entries(properties.headers ?? {})) {
    if (DEAD_HEADERS.has(name)) continue;
    if (isTask ? PAST_HEADERS.has(name) && value !== null : isPastOfForeign(name, properties.headers)) continue;
    headers[name] = isTask && name === HEADER.retries ? 0 : value;
  }
  const fresh = { ...properties, expiration: undefined };
  if (argsText === undefined) return { properties: { ...fresh, headers }, body };
  if (typeof headers[ARGS_REPR] === 'string') headers[ARGS_REPR] = argsText.slice(0, MAX_REPR);
  return { properties: { ...fresh, headers }, body: withArgs(message, argsText) };
}

/** What came straight to its queue goes back straight, so nothing has to say so. */
function isPastOfForeign(name: string, headers: Headers | undefined): boolean {
  if (PAST_OF_FOREIGN.has(name)) return true;
  return (name === TQ_HEADER.exchange || name === TQ_HEADER.routingKey) && headers?.[TQ_HEADER.exchange] === '';
}

/** Celery's header of the arguments for people who read a monitor, and how long tq makes it, UTF-16 units. */
const ARGS_REPR = 'argsrepr';
const MAX_REPR = 128;

function withArgs({ body }: InboundMessage, args: string): Buffer {
  const parts: BodyParts = splitBody(body.toString('utf8')) ?? { args, kwargs: '{}', embed: '{}' };
  return Buffer.from(joinBody({ ...parts, args }));
}

/** A dead letter as it goes back to where it was found, with all that says why it died. */
export function encodeAgain({ properties, body }: InboundMessage): OutboundMessage {
  const headers: Record<string, HeaderValue> = {};
  for (const [name, value] of Object.entries(properties.headers ?? ({} as Headers))) {
    if (!SENT_TWICE.has(name)) headers[name] = encodableHeader(value);
  }
  return { properties: { ...properties, headers, userId: undefined }, body };
}

/** Would bring a second copy to other queues, or is the queue's own count. */
const SENT_TWICE: ReadonlySet<string> = new Set(['CC', 'BCC', 'x-delivery-count', '__proto__']);
