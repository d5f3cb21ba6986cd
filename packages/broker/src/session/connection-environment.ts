import type { Clock } from '../clock.js';
import type { MemoryGauge } from '../model/memory-gauge.js';
import type { HandshakeOptions } from './handshake.js';
import type { Tally } from './tally.js';
import type { Turn } from './turn.js';

/** Where a connection says what a person should know. */
export interface ConnectionLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** What all connections of a broker share. */
export interface ConnectionEnvironment extends HandshakeOptions {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly tally: Tally;
  readonly memory: MemoryGauge;
  readonly log: ConnectionLog;
  /** Largest body, bytes. */
  readonly maxMessageSize: number;
  randomId(): string;
}
