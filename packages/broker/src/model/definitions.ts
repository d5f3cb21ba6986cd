/** What clients declare, as plain data: kept in the store, compared when it is declared again. */
import type { FieldTable } from '../field-value.js';

/** The kinds of exchange of AMQP 0-9-1 section 3.1.3. */
export type ExchangeType = 'direct' | 'fanout' | 'topic' | 'headers';

/** An exchange (exchange.declare). */
export interface ExchangeDefinition {
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  /** Deleted when its last binding to something else goes. */
  readonly autoDelete: boolean;
  /** Takes messages from other exchanges only. */
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

/** A queue (queue.declare). */
export interface QueueDefinition {
  readonly name: string;
  readonly durable: boolean;
  /** Belongs to one connection and goes with it. */
  readonly exclusive: boolean;
  /** Deleted when its last consumer goes. */
  readonly autoDelete: boolean;
  readonly arguments: FieldTable;
}

/** A binding (queue.bind, exchange.bind) by names. */
export interface BindingDefinition {
  readonly source: string;
  readonly destination: string;
  readonly destinationType: 'queue' | 'exchange';
  readonly routingKey: string;
  readonly arguments: FieldTable;
}
