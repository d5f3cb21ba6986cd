import { AmqpError } from '../errors.js';
import { EMPTY_TABLE } from '../field-value.js';
import type { ExchangeDefinition, ExchangeType } from './definitions.js';
import { Exchange } from './exchange.js';
import { readAlternateExchange } from './exchange-arguments.js';
import { assertSameArguments, assertSameFlag, COMPARED_EXCHANGE_ARGUMENTS } from './redeclaration.js';
import { resourceName } from './resource-name.js';
import type { Store } from './store.js';

/** What exchange.declare asks for: a definition whose type is any text. */
export type ExchangeRequest = Omit<ExchangeDefinition, 'type'> & { readonly type: string };

const TYPES: readonly ExchangeType[] = ['direct', 'fanout', 'topic', 'headers'];

/** Exchanges that every virtual host has from the beginning (AMQP 0-9-1 section 3.1.3.1), by name. */
const PREDECLARED: Readonly<Record<string, ExchangeType>> = {
  '': 'direct',
  'amq.direct': 'direct',
  'amq.fanout': 'fanout',
  'amq.topic': 'topic',
  'amq.headers': 'headers',
  'amq.match': 'headers',
};

/** The exchanges of a virtual host by name. */
export class Exchanges {
  readonly #vhost: string;
  readonly #store: Store;
  readonly #byName = new Map<string, Exchange>();

  constructor(vhost: string, store: Store) {
    this.#vhost = vhost;
    this.#store = store;
    for (const [name, type] of Object.entries(PREDECLARED)) this.#add(predeclared(name, type));
    this.#add({ ...predeclared('amq.rabbitmq.trace', 'topic'), internal: true });
  }

  find(name: string): Exchange | undefined {
    return this.#byName.get(name);
  }

  /** @throws {AmqpError} NOT_FOUND */
  get(name: string): Exchange {
    const exchange = this.#byName.get(name);
    if (exchange === undefined) throw new AmqpError('NOT_FOUND', `no ${this.describe(name)}`);
    return exchange;
  }

  /** Puts back what the store had. */
  restore(definition: ExchangeDefinition): void {
    this.#add(definition);
  }

  /**
   * Makes an exchange, or makes sure that the one of this name is the same.
   * @throws {AmqpError} COMMAND_INVALID for an unknown type, ACCESS_REFUSED for a reserved name, PRECONDITION_FAILED
   *   for another one of the same name or a bad argument
   */
  declare(request: ExchangeRequest): void {
    const definition = { ...request, type: checkType(request.type) };
    refuseDefault(definition.name);
    const existing = this.#byName.get(definition.name);
    if (existing !== undefined) {
      this.#compare(existing.definition, definition);
      return;
    }
    refuseReserved('exchange', definition.name);
    this.#add(definition);
    if (definition.durable) this.#store.saveExchange(this.#vhost, definition);
  }

  /**
   * The exchange that is to be deleted, or undefined when there is none.
   * @throws {AmqpError} ACCESS_REFUSED for one that was predeclared
   */
  findDeletable(name: string): Exchange | undefined {
    refuseDefault(name);
    if (name.startsWith('amq.')) {
      throw new AmqpError('ACCESS_REFUSED', `deletion of system ${this.describe(name)} not allowed`);
    }
    return this.#byName.get(name);
  }

  /** Forgets an exchange; its bindings are the caller's business. */
  delete({ name, definition }: Exchange): void {
    this.#byName.delete(name);
    if (definition.durable) this.#store.deleteExchange(this.#vhost, name);
  }

  /** An exchange in the words of RabbitMQ's error texts. */
  describe(name: string): string {
    return resourceName('exchange', name, this.#vhost);
  }

  /** @throws {AmqpError} PRECONDITION_FAILED for a bad argument */
  #add(definition: ExchangeDefinition): void {
    const alternate = readAlternateExchange(definition.name, this.#vhost, definition.arguments);
    this.#byName.set(definition.name, new Exchange(definition, alternate));
  }

  #compare(existing: ExchangeDefinition, wanted: ExchangeDefinition): void {
    const { name } = existing;
    const vhost = this.#vhost;
    assertSameFlag('exchange', name, vhost, 'type', existing.type, wanted.type);
    assertSameFlag('exchange', name, vhost, 'durable', existing.durable, wanted.durable);
    assertSameFlag('exchange', name, vhost, 'auto_delete', existing.autoDelete, wanted.autoDelete);
    assertSameFlag('exchange', name, vhost, 'internal', existing.internal, wanted.internal);
    assertSameArguments('exchange', name, vhost, existing.arguments, wanted.arguments, COMPARED_EXCHANGE_ARGUMENTS);
  }
}

function predeclared(name: string, type: ExchangeType): ExchangeDefinition {
  return { name, type, durable: true, autoDelete: false, internal: false, arguments: EMPTY_TABLE };
}

function checkType(type: string): ExchangeType {
  const known = TYPES.find((candidate) => candidate === type);
  if (known === undefined) throw new AmqpError('COMMAND_INVALID', `unknown exchange type '${type}'`);
  return known;
}

/** @throws {AmqpError} ACCESS_REFUSED for the default exchange, which is bound to every queue by nature */
export function refuseDefault(exchange: string): void {
  if (exchange === '') throw new AmqpError('ACCESS_REFUSED', 'operation not permitted on the default exchange');
}

/** @throws {AmqpError} ACCESS_REFUSED for a name that only the broker may give */
export function refuseReserved(kind: 'queue' | 'exchange', name: string): void {
  if (!name.startsWith('amq.')) return;
  throw new AmqpError('ACCESS_REFUSED', `${kind} name '${name}' contains reserved prefix 'amq.*'`);
}
