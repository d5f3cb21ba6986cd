import type { Headers, HeaderValue, InboundMessage } from './message.js';
import { DEAD_HEADER, isBrokerHeader, isPrototypeKey, TQ_HEADER } from './names.js';

/** How a plain body is read and written: `json`, or `text`, which is taken as it is. UTF-8 either way. */
export type PlainFormat = 'json' | 'text';

/** Where a message names the function that it is for: a property, or a header. */
export type FunctionFrom =
  | 'app_id'
  | 'type'
  | {
      /** Its name. */
      readonly header: string;
    };

/** What a message says of itself that is no task's: one of another program, or an event. */
export interface ForeignMessage {
  /** Exchange that it was published to; empty for the default one, which leads straight to a queue. */
  readonly exchange: string;
  /** Routing key that it was published with. */
  readonly routingKey: string;
  /** The property `type`. */
  readonly type?: string | undefined;
  /** The property `app_id`. */
  readonly appId?: string | undefined;
  /** The property `message_id`. */
  readonly messageId?: string | undefined;
  /** The property `correlation_id`, which a reply echoes. */
  readonly correlationId?: string | undefined;
  /** The property `timestamp`, which is in whole seconds. */
  readonly timestamp?: Date | undefined;
  /** The property `content_type`. It is not looked at: the task's `format` says how a body is read. */
  readonly contentType?: string | undefined;
  /** As its publisher set them: without RabbitMQ's own (`x-death`, `CC` …) and those by which tq follows it. */
  readonly headers: Headers;
}

/** What a task's message has that came as no task: how its body is read, and what it says of itself. */
export interface Foreign {
  readonly format: PlainFormat;
  readonly message: ForeignMessage;
}

/** Where a message was published to, which only its first copy still tells by itself. */
export interface Origin {
  readonly exchange: string;
  readonly routingKey: string;
}

/** Reads what a message says of itself. */
export function foreignMessage({ properties }: InboundMessage, { exchange, routingKey }: Origin): ForeignMessage {
  const { type, appId, messageId, correlationId, timestamp, contentType, headers } = properties;
  return {
    exchange,
    routingKey,
    type,
    appId,
    messageId,
    correlationId,
    contentType,
    timestamp: timeOf(timestamp),
    headers: headersOf(headers),
  };
}

/** What is no time a Date can be is left out. */
function timeOf(seconds: number | undefined): Date | undefined {
  const time = new Date((seconds ?? Number.NaN) * 1_000);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

const NO_HEADERS: Headers = Object.freeze({});
const OWN_HEADERS: ReadonlySet<string> = new Set([...Object.values(TQ_HEADER), ...Object.values(DEAD_HEADER)]);

function headersOf(headers: Headers = NO_HEADERS): Headers {
  let found: Record<string, HeaderValue> | undefined;
  for (const name of Object.keys(headers)) {
    if (OWN_HEADERS.has(name) || isBrokerHeader(name) || isPrototypeKey(name)) continue;
    found ??= {};
    found[name] = headers[name];
  }
  return found ?? NO_HEADERS;
}
