import type { ChannelModel } from 'amqplib';
import { assertNever, TqError, toError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import { type BackoffOptions, fullJitter } from '../time/backoff.js';
import type { Timer } from '../time/clock.js';
import { within } from '../time/within.js';
import { cut, setKeepsAlive, writeTurnsTogether } from './amqplib-internals.js';
import { brokerUrl, maskUrl } from './broker-url.js';
import { describeConnectFailure } from './connect-failure.js';
import { checkDial, dial } from './dial.js';
import { type Login, withUser } from './login.js';
import type { TlsOptions } from './tls-options.js';

/** An open connection, until it is lost. */
export interface Link {
  readonly model: ChannelModel;
  /** Counts the connections of one supervisor, from 1 on. */
  readonly epoch: number;
}

/** What lives on a connection and is told of each one: it applies its declared state anew every time. */
export interface LinkUser {
  linkUp(link: Link): void;
  linkDown(error: Error): void;
  /** The broker stops or starts taking publishes (RabbitMQ's connection.blocked). */
  linkBlocked?(blocked: boolean): void;
}

export interface ConnectionOptions {
  /** Brokers to try in turn, `amqp://` or `amqps://`; after a loss the one after the lost. */
  readonly urls: readonly string[];
  /** Who logs in, where a URL names nobody. Default: `guest`. */
  readonly login?: Login;
  /** For `amqps://`. Default: what Node.js trusts, and no certificate of its own. */
  readonly tls?: TlsOptions;
  /** What it is for, shown by the broker as the connection's name beside host and pid. */
  readonly role: string;
  /** Seconds; 0 turns heartbeats off. */
  readonly heartbeatS: number;
  readonly connectTimeoutMs: number;
  readonly runtime: Runtime;
}

/** Something that went wrong with a connection or a consumer, kept when it has passed. */
export interface Trouble {
  /** Wall time, ms. */
  readonly time: number;
  readonly message: string;
}

/** What a connection says of itself. */
export interface ConnectionStatus {
  readonly up: boolean;
  /** The broker that it has, or tries next; without a password. */
  readonly broker: string;
  /** Why it is not up. */
  readonly error: string | undefined;
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'open'; readonly link: Link }
  | { readonly kind: 'waiting'; readonly timer: Timer }
  | { readonly kind: 'closed' };

const BACKOFF: BackoffOptions = { baseMs: 200, maxMs: 10_000 };
/** Even a lucky draw waits this long, so that a broker that refuses at once is not asked in a loop. */
const MIN_WAIT_MS = 20;
/** How long a broker may take to answer connection.close. */
const CLOSE_TIMEOUT_MS = 3_000;

/**
 * One connection to a broker that comes back by itself.
 *
 *   idle ─ open() ─> connecting ─ ok ─> open ─ lost ─> waiting ─> connecting …
 *                        └──── failed ────────────────────┘
 *   any ─ close() ─> closed
 *
 * amqplib's own recovery restores no channel and no consumer, so this class only opens and watches the connection,
 * and its users put back what they had on it.
 */
export class Connection {
  readonly #options: Required<ConnectionOptions>;
  readonly #users = new Set<LinkUser>();
  #state: State = { kind: 'idle' };
  /** Index of the broker that it has, or tries next. */
  #at = 0;
  #epoch = 0;
  #holds = 0;
  #lastError: Error | undefined;
  #trouble: Trouble | undefined;
  #awaiting: { resolve(link: Link): void; reject(error: Error): void }[] = [];

  constructor(options: ConnectionOptions) {
    const { urls, heartbeatS, login = { auth: 'password' }, tls = {} } = options;
    const own = urls.map((url) => withUser(brokerUrl(url, heartbeatS), login));
    for (const url of own) checkDial(url, { login, tls });
    this.#options = { ...options, urls: own, login, tls };
  }

  /** Starts to connect, once; a user that is added later is told of the link that there is. */
  open(): void {
    if (this.#state.kind === 'idle') this.#connect(0);
  }

  /** Why there is no link, for error texts; undefined while there is one or nobody has asked yet. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** What went wrong last. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  get status(): ConnectionStatus {
    const up = this.#state.kind === 'open';
    return { up, broker: maskUrl(this.#url), error: this.#lastError?.message };
  }

  get link(): Link | undefined {
    return this.#state.kind === 'open' ? this.#state.link : undefined;
  }

  /**
   * Resolves with the link that there is, or the next one. Rejects with `closed` when the connection is closed first.
   * @param signal forgets the wait when it is aborted: the promise stays open then
   */
  whenOpen(signal?: AbortSignal): Promise<Link> {
    if (this.#state.kind === 'open') return Promise.resolve(this.#state.link);
    if (this.#state.kind === 'closed') return Promise.reject(closedError());
    this.open();
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#awaiting.push(waiter);
      const forget = () => {
        this.#awaiting = this.#awaiting.filter((other) => other !== waiter);
      };
      signal?.addEventListener('abort', forget, { once: true });
    });
  }

  addUser(user: LinkUser): void {
    this.#users.add(user);
    if (this.#state.kind === 'open') user.linkUp(this.#state.link);
  }

  removeUser(user: LinkUser): void {
    this.#users.delete(user);
  }

  /** Keeps the process alive until the returned function is called: while something on this connection is awaited. */
  hold(): () => void {
    let held = true;
    if (++this.#holds === 1) this.#applyHolds();
    return () => {
      if (!held) return;
      held = false;
      if (--this.#holds === 0) this.#applyHolds();
    };
  }

  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    for (const { reject } of this.#awaiting.splice(0)) reject(closedError());
    switch (state.kind) {
      case 'waiting':
        state.timer.cancel();
        break;
      case 'open':
        setKeepsAlive(state.link.model, true);
        if (!(await within(this.#options.runtime.clock, CLOSE_TIMEOUT_MS, closed(state.link.model))))
          cut(state.link.model);
        break;
      case 'idle':
      case 'connecting':
      case 'closed':
        break;
      default:
        assertNever(state);
    }
  }

  /** @param attempt how many have failed since there was a link */
  #connect(attempt: number): void {
    this.#state = { kind: 'connecting', attempt };
    const { role, connectTimeoutMs: timeoutMs, login, tls } = this.#options;
    const url = this.#url;
    dial(url, { role, timeoutMs, login, tls }).then(
      (model) => this.#opened(model, url),
      (cause: unknown) => this.#failed(attempt, url, toError(cause)),
    );
  }

  get #url(): string {
    return this.#options.urls[this.#at] as string;
  }

  #opened(model: ChannelModel, url: string): void {
    const { logger } = this.#options.runtime;
    let reason: Error | undefined;
    model.on('error', (error: Error) => {
      reason = error;
    });
    if (this.#state.kind === 'closed') {
      model.close().catch(() => undefined);
      return;
    }
    writeTurnsTogether(model);
    const link: Link = { model, epoch: ++this.#epoch };
    model.on('close', (error?: Error) => this.#lost(link, reason ?? error ?? new Error('connection closed')));
    model.on('blocked', (why: string) => {
      logger.warn(
        { role: this.#options.role, reason: why },
        'the broker is blocked: nothing is published until it recovers',
      );
      for (const user of this.#users) user.linkBlocked?.(true);
    });
    model.on('unblocked', () => {
      logger.info({ role: this.#options.role }, 'the broker takes publishes again');
      for (const user of this.#users) user.linkBlocked?.(false);
    });
    this.#state = { kind: 'open', link };
    this.#lastError = undefined;
    this.#applyHolds();
    logger.debug({ role: this.#options.role, broker: maskUrl(url), epoch: link.epoch }, 'connected');
    for (const user of this.#users) user.linkUp(link);
    for (const { resolve } of this.#awaiting.splice(0)) resolve(link);
  }

  #failed(attempt: number, url: string, cause: Error): void {
    if (this.#state.kind === 'closed') return;
    const { role, runtime } = this.#options;
    const error = new TqError('connect-failed', describeConnectFailure(url, cause), { cause });
    this.#down(error);
    const wait = this.#wait(attempt + 1);
    runtime.logger.warn({ role, attempt: attempt + 1, retryInMs: wait }, error.message);
  }

  #lost(link: Link, error: Error): void {
    // A socket that is half-open, or whose blocked broker does not read, stays open for long and must hold nobody.
    setKeepsAlive(link.model, false);
    const wasOpen = this.#state.kind === 'open' && this.#state.link === link;
    if (wasOpen) {
      const lost = new TqError('connection-lost', `Connection lost: ${error.message}`, { cause: error });
      this.#down(lost);
      const wait = this.#wait(0);
      this.#options.runtime.logger.warn({ role: this.#options.role, retryInMs: wait }, lost.message);
    }
    for (const user of this.#users) user.linkDown(error);
  }

  #down(error: Error): void {
    this.#lastError = error;
    this.#trouble = { time: this.#options.runtime.clock.wallTime(), message: error.message };
  }

  /** Goes on to the next broker, after a wait that grows when all have been tried. */
  #wait(attempt: number): number {
    const { runtime, urls } = this.#options;
    const { clock, random } = runtime;
    this.#at = (this.#at + 1) % urls.length;
    const wait = MIN_WAIT_MS + fullJitter(Math.ceil(attempt / urls.length), BACKOFF, random());
    const timer = clock.setTimer(() => this.#connect(attempt), wait);
    this.#state = { kind: 'waiting', timer };
    this.#applyHolds();
    return wait;
  }

  #applyHolds(): void {
    if (this.#state.kind === 'open') setKeepsAlive(this.#state.link.model, this.#holds > 0);
    if (this.#state.kind === 'waiting') this.#state.timer[this.#holds > 0 ? 'ref' : 'unref']();
  }
}

/** Closes; amqplib's own promise stays open when the socket dies before the broker's answer. */
function closed(model: ChannelModel): Promise<unknown> {
  return Promise.race([new Promise((resolve) => model.once('close', resolve)), model.close()]);
}

function closedError(): TqError {
  return new TqError('closed', 'The app is closed; create a new one.');
}
