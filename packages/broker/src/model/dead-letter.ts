import { type FieldTable, field, longString, timestamp } from '../field-value.js';
import { withDeath } from './death-history.js';
import type { Message } from './message.js';
import { NO_KEYS } from './routing-keys.js';

/** Why a message left a queue other than by being consumed. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** The circumstances of a death. */
export interface Death {
  readonly queue: string;
  readonly reason: DeathReason;
  /** Wall time in seconds since 1970, whole. */
  readonly timeSeconds: number;
  readonly deadLetterExchange: string;
  /** The key that the queue gives its dead letters; undefined leaves them theirs. */
  readonly deadLetterRoutingKey: string | undefined;
}

/**
 * The message to be published to the dead-letter exchange, as RabbitMQ makes it: the death is noted in the headers
 * (x-death, x-first-death-*), the expiration is gone, and with a new routing key the CC header too. All else stays.
 * It is the same for at-most-once and at-least-once, which differ in what becomes of a letter that nobody takes.
 */
export function deadLetter(message: Message, death: Death): Message {
  const { content } = message;
  const before = content.headers();
  const headers = withDeath(before, deathEntry(message, before, death));
  const rerouted = death.deadLetterRoutingKey !== undefined;
  return {
    ...message,
    exchange: death.deadLetterExchange,
    routingKey: death.deadLetterRoutingKey ?? message.routingKey,
    blindKeys: rerouted ? NO_KEYS : message.blindKeys,
    content: content.with({ headers: rerouted ? withoutFirst(headers, 'CC') : headers, expiration: undefined }),
  };
}

/** The death as x-death tells it, without its count. */
function deathEntry({ exchange, routingKey, content }: Message, headers: FieldTable, death: Death): FieldTable {
  const copies = field(headers, 'CC');
  const copyKeys = copies?.tag === 'A' ? copies.value.filter(({ tag }) => tag === 'S') : [];
  const { expiration } = content;
  return [
    ['reason', longString(death.reason)],
    ['queue', longString(death.queue)],
    ['time', timestamp(death.timeSeconds)],
    ['exchange', longString(exchange)],
    ['routing-keys', { tag: 'A', value: [longString(routingKey), ...copyKeys] }],
    ...(expiration === undefined ? [] : [['original-expiration', longString(expiration)] as const]),
  ];
}

function withoutFirst(table: FieldTable, name: string): FieldTable {
  const at = table.findIndex(([key]) => key === name);
  return at < 0 ? table : table.toSpliced(at, 1);
}
