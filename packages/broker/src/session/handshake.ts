import { AmqpError, assertNever } from '../errors.js';
import { type FieldTable, field } from '../field-value.js';
import type { VirtualHost } from '../model/virtual-host.js';
import { MIN_FRAME_SIZE } from '../wire/constants.js';
import type { Method, MethodArguments } from '../wire/methods.js';
import { authenticate, MECHANISMS, type Users } from './authentication.js';
import type { Output } from './output.js';
import { SERVER_PROPERTIES } from './server-properties.js';

/** What the two sides agree on (connection.tune-ok). */
export interface Tuning {
  readonly channelMax: number;
  /** Bytes, overhead included. */
  readonly frameMax: number;
  /** Seconds; 0 is none. */
  readonly heartbeat: number;
}

type HandshakeState = 'starting' | 'tuning' | 'opening' | 'open';

/** What a client may find here. */
export interface HandshakeOptions {
  readonly users: Users;
  readonly vhosts: ReadonlyMap<string, VirtualHost>;
  /** The most that the broker allows, and the heartbeat that it proposes. */
  readonly offer: Tuning;
}

/** What a handshake comes to. */
export interface Opened {
  readonly user: string;
  readonly vhost: VirtualHost;
  /** Names of what the client says that it can do. */
  readonly capabilities: ReadonlySet<string>;
}

/** What a handshake tells its connection on the way. */
export interface HandshakeHost {
  readonly output: Output;
  tuned(tuning: Tuning): void;
  opened(opened: Opened): void;
}

/**
 * The opening of a connection (AMQP 0-9-1 section 2.2.4).
 *
 *   starting ─ start-ok ─> tuning ─ tune-ok ─> opening ─ open ─> open
 */
export class Handshake {
  readonly #options: HandshakeOptions;
  readonly #host: HandshakeHost;
  #state: HandshakeState = 'starting';
  #user = '';
  #capabilities: ReadonlySet<string> = new Set();

  constructor(options: HandshakeOptions, host: HandshakeHost) {
    this.#options = options;
    this.#host = host;
  }

  /**
   * Whether an error is told to the client before its connection ends. RabbitMQ says nothing before the two sides have
   * agreed on limits, but for a refused login to a client that can take it.
   */
  tells({ replyCode }: AmqpError): boolean {
    switch (this.#state) {
      case 'starting':
        return replyCode === ACCESS_REFUSED && this.#capabilities.has('authentication_failure_close');
      case 'tuning':
        return false;
      case 'opening':
      case 'open':
        return true;
      default:
        return assertNever(this.#state);
    }
  }

  /** The protocol header has come. */
  begin(): void {
    this.#host.output.method(0, 'connection.start', {
      versionMajor: 0,
      versionMinor: 9,
      serverProperties: SERVER_PROPERTIES,
      mechanisms: MECHANISMS,
      locales: Buffer.from('en_US'),
    });
  }

  /**
   * Takes a method of channel 0.
   * @throws {AmqpError} for one that is out of order or asks for what is not there
   */
  handle(method: Method): void {
    if (this.#state === 'starting' && method.name === 'connection.start-ok') this.#startOk(method.args);
    else if (this.#state === 'tuning' && method.name === 'connection.tune-ok') this.#tuneOk(method.args);
    else if (this.#state === 'opening' && method.name === 'connection.open') this.#open(method.args);
    else {
      throw new AmqpError('CHANNEL_ERROR', `unexpected method in connection state ${stateName(this.#state)}`);
    }
  }

  #startOk({ clientProperties, mechanism, response }: MethodArguments<'connection.start-ok'>): void {
    this.#capabilities = capabilitiesOf(clientProperties);
    const user = authenticate(this.#options.users, mechanism, response);
    if (user === undefined) {
      throw new AmqpError(
        'ACCESS_REFUSED',
        `Login was refused using authentication mechanism ${mechanism}. For details see the broker logfile.`,
        'connection',
      );
    }
    this.#user = user;
    this.#state = 'tuning';
    this.#host.output.method(0, 'connection.tune', this.#options.offer);
  }

  #tuneOk(tuning: MethodArguments<'connection.tune-ok'>): void {
    const { offer } = this.#options;
    checkAgreed('frame_max', tuning.frameMax, MIN_FRAME_SIZE, offer.frameMax);
    checkAgreed('channel_max', tuning.channelMax, 1, offer.channelMax);
    this.#state = 'opening';
    this.#host.tuned(tuning);
  }

  #open({ virtualHost }: MethodArguments<'connection.open'>): void {
    const vhost = this.#options.vhosts.get(virtualHost);
    if (vhost === undefined) throw new AmqpError('NOT_ALLOWED', `vhost ${virtualHost} not found`);
    this.#state = 'open';
    this.#host.output.method(0, 'connection.open-ok', { reserved1: '' });
    this.#host.opened({ user: this.#user, vhost, capabilities: this.#capabilities });
  }
}

const ACCESS_REFUSED = 403;

/** RabbitMQ's name of a state, in its error texts. */
function stateName(state: HandshakeState): string {
  return state === 'open' ? 'running' : state;
}

function capabilitiesOf(properties: FieldTable): ReadonlySet<string> {
  const capabilities = field(properties, 'capabilities');
  if (capabilities?.tag !== 'F') return new Set();
  return new Set(capabilities.value.flatMap(([name, value]) => (value.tag === 't' && value.value ? [name] : [])));
}

function checkAgreed(what: 'frame_max' | 'channel_max', value: number, least: number, most: number): void {
  if (value !== 0 && value < least) {
    throw refused(`negotiated ${what} = ${value} is lower than the minimum allowed value (${least})`);
  }
  if (value === 0 || value > most) {
    const found = value === 0 ? '0 (no limit)' : value;
    throw refused(`negotiated ${what} = ${found} is higher than the maximum allowed value (${most})`);
  }
}

function refused(text: string): AmqpError {
  return new AmqpError('NOT_ALLOWED', text);
}
