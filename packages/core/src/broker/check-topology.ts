import { assertNever, TqError } from '../errors.js';
import { checkDestination } from '../protocol/delay-key.js';
import { exchangeName, isBrokerExchange, MAX_NAME_BYTES } from '../protocol/names.js';
import type { TopologySettings } from './app-topology.js';
import type { BindingSettings } from './binding-options.js';
import type { ExchangeSettings, ExchangeType } from './exchange-options.js';
import type { QueueSettings } from './queue-options.js';

/**
 * Refuses what cannot be together, or what the broker would ignore in silence, with what to do instead. RabbitMQ itself
 * says most of it only when the thing is declared, far from where it is written.
 * @param nameOf an option's name as error texts show it
 * @throws {TqError} `invalid-option`
 */
export function checkTopology(settings: TopologySettings, nameOf: (option: 'queues' | 'exchanges') => string): void {
  const { prefix, queues, exchanges } = settings;
  for (const [name, exchange] of Object.entries(exchanges)) {
    const where = `${nameOf('exchanges')}: exchange '${name}'`;
    checkExchangeName(name, prefix, where);
    refuse(where, exchangeFaults(name, exchange));
    checkBindings(exchange.bindings, settings, where);
  }
  for (const [name, queue] of Object.entries(queues)) {
    const where = `${nameOf('queues')}: queue '${name}'`;
    refuse(where, [queueNameFault(name, prefix, queue)]);
    checkDestination(prefix + name);
    refuse(where, queueFaults(queue, settings));
    checkBindings(queue.bindings, settings, where);
  }
}

/** What is wrong with something, the option first; undefined where it is fine. */
type Fault = string | false | undefined;

function refuse(where: string, faults: readonly Fault[]): void {
  const fault = faults.find((text): text is string => typeof text === 'string');
  if (fault !== undefined) throw new TqError('invalid-option', `${where}: ${fault}`);
}

function queueNameFault(name: string, prefix: string, { declare }: QueueSettings): Fault {
  if (name === '') return 'expected a name, found none: with an empty one the broker makes up a new queue each time.';
  const isBrokers = declare !== 'passive' && isBrokerExchange(prefix + name);
  return isBrokers && "names that begin with 'amq.' are the broker's own, and nobody may declare them: choose another.";
}

function queueFaults(queue: QueueSettings, { preset, queueType }: TopologySettings): Fault[] {
  const { declare = preset === 'celery' ? 'bare' : 'full', arguments: more = {} } = queue;
  if (declare === 'passive') {
    const found = PROPERTIES.find((option) => queue[option] !== undefined);
    return [found && `${found}: a queue that others declare (declare: 'passive') is used as it is: leave it out.`];
  }
  // Without a type, a queue that is declared bare is the broker's default, a classic one.
  const type = queue.type ?? (declare === 'bare' ? 'classic' : queueType);
  return [...(type === 'quorum' ? quorumFaults(queue) : classicFaults(queue)), argumentFault(more, declare)];
}

/** All that decides how a queue is declared. `durable` also says how messages are sent to it. */
const PROPERTIES = [
  'type',
  'maxPriority',
  'autoDelete',
  'maxLength',
  'maxLengthBytes',
  'overflow',
  'messageTtl',
  'expires',
  'singleActiveConsumer',
  'deliveryLimit',
  'arguments',
] as const satisfies readonly (keyof QueueSettings)[];

function quorumFaults({ maxPriority, durable, autoDelete, overflow }: QueueSettings): Fault[] {
  const instead = `a quorum queue, which it is to be, has none: set type: 'classic', or leave it out.`;
  return [
    maxPriority !== undefined && `maxPriority: ${instead}`,
    durable === false && `durable: a quorum queue is always durable: set type: 'classic', or leave it out.`,
    autoDelete === true && `autoDelete: ${instead}`,
    overflow === 'reject-publish-dlx' &&
      `overflow: quorum queues do not know 'reject-publish-dlx': set 'reject-publish', or type: 'classic'.`,
  ];
}

function classicFaults({ deliveryLimit }: QueueSettings): Fault[] {
  return [
    deliveryLimit !== undefined &&
      `deliveryLimit: a classic queue, which it is to be, counts no deliveries: set type: 'quorum', or leave it out.`,
  ];
}

/** Arguments of queues with an option of their own. */
export const OPTION_OF_ARGUMENT: Readonly<Record<string, keyof QueueSettings>> = {
  'x-queue-type': 'type',
  'x-max-priority': 'maxPriority',
  'x-max-length': 'maxLength',
  'x-max-length-bytes': 'maxLengthBytes',
  'x-overflow': 'overflow',
  'x-message-ttl': 'messageTtl',
  'x-expires': 'expires',
  'x-single-active-consumer': 'singleActiveConsumer',
  'x-delivery-limit': 'deliveryLimit',
};

function argumentFault(more: object, declare: 'full' | 'bare'): Fault {
  for (const name of Object.keys(more)) {
    const option = Object.hasOwn(OPTION_OF_ARGUMENT, name) ? OPTION_OF_ARGUMENT[name] : undefined;
    if (option !== undefined) return `arguments: '${name}' has an option of its own: set ${option} instead.`;
    if (declare === 'full' && name.startsWith('x-dead-letter-')) {
      return `arguments: '${name}' is tq's, whose dead letters go by it: set declare: 'bare' to have your own.`;
    }
  }
  return undefined;
}

function exchangeFaults(name: string, exchange: ExchangeSettings): Fault[] {
  const { type, declare, arguments: more = {} } = exchange;
  const isBrokers = isBrokerExchange(name);
  const found = EXCHANGE_PROPERTIES.find((option) => exchange[option] !== undefined);
  const foreign = isBrokers ? "which is the broker's own" : "which others declare (declare: 'passive')";
  const known = BROKERS[name];
  return [
    (isBrokers || declare === 'passive') && found && `${found}: an exchange ${foreign} is used as it is: leave it out.`,
    isBrokers &&
      known !== undefined &&
      known !== type &&
      `type: the broker's own '${name}' is ${known}, found ${type}.`,
    Object.hasOwn(more, 'alternate-exchange') && "arguments: 'alternate-exchange' has an option of its own: alternate.",
  ];
}

const EXCHANGE_PROPERTIES = [
  'autoDelete',
  'internal',
  'alternate',
  'arguments',
] as const satisfies readonly (keyof ExchangeSettings)[];

/** Types of the exchanges that every virtual host has. */
const BROKERS: Readonly<Record<string, ExchangeType>> = {
  'amq.direct': 'direct',
  'amq.fanout': 'fanout',
  'amq.topic': 'topic',
  'amq.headers': 'headers',
  'amq.match': 'headers',
};

function checkExchangeName(name: string, prefix: string, where: string): void {
  const bytes = Buffer.byteLength(exchangeName(prefix, name));
  refuse(where, [
    name === '' &&
      'the default exchange leads to every queue by its name, and nothing can be bound to it: name another.',
    name.startsWith('tq.') && "names that begin with 'tq.' are those of tq's own exchanges: choose another.",
    bytes > MAX_NAME_BYTES &&
      `expected a name of at most ${MAX_NAME_BYTES} bytes with its prefix, found ${bytes} bytes.`,
  ]);
}

/** Without the option that says how an exchange type is, one that others declare, nothing can be said of its keys. */
function checkBindings(
  bindings: readonly BindingSettings[] | undefined,
  { prefix, exchanges }: TopologySettings,
  where: string,
): void {
  for (const [at, binding] of (bindings ?? []).entries()) {
    const { exchange } = binding;
    const bytes = Buffer.byteLength(exchangeName(prefix, exchange));
    const type = Object.hasOwn(exchanges, exchange) ? exchanges[exchange]?.type : BROKERS[exchange];
    refuse(`${where}: bindings[${at}]`, [
      bytes > MAX_NAME_BYTES && `exchange: expected at most ${MAX_NAME_BYTES} bytes with its prefix, found ${bytes}.`,
      type === undefined ? undefined : bindingFault(binding, type),
    ]);
  }
}

function bindingFault({ exchange, key, headers }: BindingSettings, type: ExchangeType): Fault {
  const hasKey = key?.some((one) => one !== '') === true;
  const it = `'${exchange}' is a ${type} exchange, which`;
  switch (type) {
    case 'direct':
    case 'topic':
      if (headers !== undefined) return `headers: ${it} compares none: give a key instead.`;
      return (
        key === undefined && `key: ${it} goes by it: give one${type === 'topic' ? " ('#' takes everything)" : ''}.`
      );
    case 'fanout':
      if (headers !== undefined) return `headers: ${it} gives everything to everybody: leave them out.`;
      return hasKey && `key: ${it} gives everything to everybody: leave it out.`;
    case 'headers':
      if (hasKey) return `key: ${it} does not look at it: give headers instead.`;
      return headers === undefined && `headers: ${it} goes by them: give some.`;
    default:
      return assertNever(type);
  }
}
