import type { Clock, Timer } from '../clock.js';

/** What heartbeats need of their connection. */
export interface HeartbeatHost {
  /** Whether anything but heartbeats was written since the last call. */
  takeWritten(): boolean;
  /** Whether anything was read since the last call. */
  takeRead(): boolean;
  send(): void;
  /** The client has been silent for twice the agreed time. */
  silent(): void;
}

/** Half intervals without a byte before a client counts as gone: twice the agreed time, as in RabbitMQ. */
const SILENT_HALVES = 4;

/**
 * Heartbeats of one connection, both ways (AMQP 0-9-1 section 4.2.7): one timer at half of the agreed interval sends one
 * where nothing else was sent, and counts how long the client has been silent.
 */
export class Heartbeat {
  readonly #host: HeartbeatHost;
  readonly #clock: Clock;
  readonly #halfMs: number;
  #timer: Timer | undefined;
  #silentHalves = 0;
  /** Not listening: the connection is blocked and not read, so that silence means nothing. */
  paused = false;

  /** @param intervalS agreed by tune, above 0 */
  constructor(intervalS: number, clock: Clock, host: HeartbeatHost) {
    this.#halfMs = intervalS * 500;
    this.#clock = clock;
    this.#host = host;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(() => this.#tick(), this.#halfMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #tick(): void {
    this.start();
    if (!this.#host.takeWritten()) this.#host.send();
    this.#silentHalves = this.#host.takeRead() || this.paused ? 0 : this.#silentHalves + 1;
    if (this.#silentHalves >= SILENT_HALVES) this.#host.silent();
  }
}
