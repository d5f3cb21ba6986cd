/** Every name that tq puts on the wire: exchanges, queues, headers. Each takes the app's prefix where it has one. */

/** The queue that tasks go to unless they say otherwise. */
export const DEFAULT_QUEUE = 'tq';
/** Celery's default queue, the default under the `celery` preset. */
export const CELERY_DEFAULT_QUEUE = 'celery';

/** Direct exchange of the dead letters; the routing key is the name of the queue that the message died in. */
export const deadLetterExchange = (prefix: string): string => `${prefix}tq.dead`;
/** Queue of the dead letters of one task queue. */
export const deadLetterQueue = (queue: string): string => `${queue}.dead`;
/** Exclusive queue whose owner may look into a queue of dead letters or move them, by a hash of that queue's name. */
export const deadLetterLock = (prefix: string, hash: string): string => `${prefix}tq.dead.lock.${hash}`;
/** Queue that holds the messages of a queue that is declared anew, and the fanout exchange that leads to it. */
export const migratingQueue = (queue: string): string => `${queue}.migrating`;
/** Fanout exchange that leads to a queue that is declared anew, and while that is not there to what holds its messages. */
export const migratingVia = (queue: string): string => `${queue}.migrating.via`;
/** Exclusive queue whose owner may declare a queue anew, by a hash of that queue's name. */
export const migrationLock = (prefix: string, hash: string): string => `${prefix}tq.migrating.lock.${hash}`;
/** Reply queue of one client process. */
export const replyQueue = (prefix: string, clientId: string): string => `${prefix}tq.reply.${clientId}`;
/** Queue to which the members of a chord report, named after its group. */
export const chordQueue = (prefix: string, groupId: string): string => `${prefix}tq.chord.${groupId}`;
/** Another one of the same process, for when the nodes of all before it are away; counted from 2 on. */
export const furtherReplyQueue = (first: string, number: number): string => `${first}.${number}`;

/** Fanout exchange of the questions for workflows: every program that has sent some takes them at its reply queue. */
export const workflowsExchange = (prefix: string): string => `${prefix}tq.workflows`;

/** Whether an exchange is the broker's own: the same for every environment of a vhost. */
export const isBrokerExchange = (name: string): boolean => name.startsWith('amq.');
/** Full name of an exchange of the user's. */
export const exchangeName = (prefix: string, name: string): string => (isBrokerExchange(name) ? name : prefix + name);

/** Fanout exchange of the calls that every worker is to run; also the name under which their dead letters are kept. */
export const broadcastExchange = (prefix: string): string => `${prefix}tq.broadcast.all`;
const DIRECT_REPLY = 'amq.rabbitmq.reply-to';
/** True for the address of a caller that waits for its reply without a queue (RabbitMQ's direct reply-to). */
export function isDirectReply(replyTo: string): boolean {
  return replyTo === DIRECT_REPLY || replyTo.startsWith(`${DIRECT_REPLY}.`);
}

/** Levels of the delay ladder: level l holds a message for 2^l units. */
export const DELAY_LEVELS = 28;
/** How every name of the ladders begins. */
export const delayNames = (prefix: string): string => `${prefix}tq.delay.v1.`;
/** One level of the ladder: its queue, and the topic exchange that leads to it from the level above. */
export const delayLevel = (prefix: string, unitMs: number, level: number): string =>
  `${delayNames(prefix)}${unitMs}.${level}`;
/** Fanout exchange by which a delayed message enters the ladder at this level. */
export const delayEntry = (prefix: string, unitMs: number, level: number): string =>
  `${delayNames(prefix)}${unitMs}.enter.${level}`;
/** Fanout exchange below level 0, bound to nothing, by whose alternate exchange what need not wait there is delivered. */
export const delayEnd = (prefix: string, unitMs: number): string => `${delayNames(prefix)}${unitMs}.end`;
/** Topic exchange where what has waited leaves for its queue; ladders of every unit share it. */
export const delayDeliveryExchange = (prefix: string): string => `${delayNames(prefix)}deliver`;
/** Fanout exchange of what no queue took after its wait. */
export const delayLostExchange = (prefix: string): string => `${prefix}tq.delay.lost`;
/** Queue behind it. */
export const delayDeadQueue = (prefix: string): string => `${prefix}tq.delay.dead`;
/** Queue from which delayed messages go on to an exchange and key, which the hash is made of. */
export const delayStubQueue = (prefix: string, hash: string): string => `${delayNames(prefix)}to.${hash}`;

/** Topic exchange of the events; the routing key is an event's name. */
export const eventsExchange = (prefix: string): string => `${prefix}tq.events`;
/** Headers exchange behind it, to which every event goes. */
export const eventHeadersExchange = (prefix: string): string => `${prefix}tq.events.headers`;
/** Queue of a group's subscription; the group is one word, so that no two of them share one. */
export const groupQueue = (prefix: string, group: string, label: string): string =>
  `${prefix}tq.group.${group}.${label}`;
/** What the names of the queues begin with that each worker has for a subscription without a group; their dead letters' name too. */
export const everybodyStem = (prefix: string, label: string): string => `${prefix}tq.everybody.${label}`;
/** Whether a subscription's queue, or what it begins with, is one of an app with this prefix. */
export const isSubscriptionOf = (prefix: string, queue: string): boolean => queue.startsWith(`${prefix}tq.`);
/** A worker's own queue of such a subscription, or of broadcasts. */
export const everybodyQueue = (stem: string, workerId: string): string => `${stem}.${workerId}`;
/** How the name of a worker's own queue ends: with a UUID. */
const WORKER_ID = /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The name that a worker's own queue has in common with those of all workers; undefined for any other queue. */
export function sharedNameOf(prefix: string, queue: string): string | undefined {
  const name = queue.replace(WORKER_ID, '');
  return name.length < queue.length && isSharedName(prefix, name) ? name : undefined;
}

/** True for a name under which something comes to every worker: there is no queue of it, so nothing can be put back there. */
export function isSharedName(prefix: string, name: string): boolean {
  return name === broadcastExchange(prefix) || (name.startsWith(everybodyStem(prefix, '')) && !WORKER_ID.test(name));
}
/** Headers exchange of a subscription that names keys and headers: it takes by key, and its queue by headers. */
export const subscriptionExchange = (queue: string): string => `${queue}.headers`;

/** Queue of one who watches events, for as long as that takes. */
export const watcherQueue = (prefix: string, id: string): string => `${prefix}tq.watch.${id}`;

/** Longest queue name or routing key, bytes of UTF-8 (AMQP 0-9-1 shortstr). */
export const MAX_NAME_BYTES = 255;

/** Celery's own tasks: those that a step is, and those that every worker has. */
export const CELERY_TASK = {
  chain: 'celery.chain',
  group: 'celery.group',
  chord: 'celery.chord',
  /** Runs a task for each item of a list. */
  map: 'celery.map',
  /** Runs a task for each list of arguments in a list. */
  starmap: 'celery.starmap',
  /** Gives what it is called with. */
  accumulate: 'celery.accumulate',
} as const;

/** Celery's task headers (message protocol 2). */
export const HEADER = {
  task: 'task',
  id: 'id',
  rootId: 'root_id',
  parentId: 'parent_id',
  retries: 'retries',
  eta: 'eta',
  expires: 'expires',
  ignoreResult: 'ignore_result',
  timeLimits: 'timelimit',
  compression: 'compression',
  group: 'group',
  groupIndex: 'group_index',
  replacedNesting: 'replaced_task_nesting',
} as const;

/**
 * True for the headers of a task's message: those of Celery's that every one has. Whatever else its program means by
 * `task`, a message without an id is foreign.
 */
export function isTaskTable(headers: Readonly<Record<string, unknown>> | undefined): boolean {
  return isName(headers?.[HEADER.task]) && isName(headers?.[HEADER.id]);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** Headers of tq's own on a task message. */
export const TQ_HEADER = {
  /** How many pool children died while they ran this task (integer). */
  lost: 'tq-lost',
  /** How many times a redelivery from a classic queue was replaced by a copy (integer). */
  redeliveries: 'tq-redeliveries',
  /** What the call says of retries: false, or a table of numbers and words. */
  retry: 'tq-retry',
  /** What earlier tries failed with: a list of tables, the oldest first. */
  errors: 'tq-errors',
  /** What is called after the final failure: a table of `task` and `queue`, a full name. */
  onFailure: 'tq-on-failure',
  /** How many times it was sent round since nobody knew its task (integer). */
  unknownRounds: 'tq-unknown-rounds',
  // What a copy of a foreign message says, whose own headers are its publisher's, `id`, `retries` and `eta` included.
  /** Its id, which it has of tq where it came without one. */
  id: 'tq-id',
  /** How many tries have failed (integer). */
  retries: 'tq-retries',
  /** When it is too late to start, ISO 8601: the property `expiration` counted from its first delivery. */
  expires: 'tq-expires',
  /** Exchange and routing key that it was published with. */
  exchange: 'tq-exchange',
  routingKey: 'tq-routing-key',
} as const;

/** Headers of tq's own on a dead letter. */
export const DEAD_HEADER = {
  /** One of `DeadLetterReason`. */
  reason: 'tq-dead-reason',
  /** The error's text. */
  error: 'tq-dead-error',
  /** Name of the worker that gave up. */
  worker: 'tq-dead-worker',
  /** When, ISO 8601 in UTC. */
  time: 'tq-dead-time',
  /** Exchange and routing key that the message came with. */
  exchange: 'tq-dead-exchange',
  routingKey: 'tq-dead-routing-key',
} as const;

/** Header of a plain reply that tells of a failure: the error's name. */
export const PLAIN_ERROR_HEADER = 'tq-error';
/** The property `type` of such a reply. */
export const PLAIN_ERROR_TYPE = 'error';

/** Header of a message that waits for its queue to be declared anew: its own `expiration`, which stands still so long. */
export const HELD_EXPIRATION = 'tq-held-expiration';

/** Why a message is in a dead-letter queue. */
export type DeadLetterReason =
  /** It is none that a worker can read, or its body none that a handler can be called with. */
  | 'poison'
  /** No task of its name was known where it was delivered. */
  | 'unknown-task'
  /** It asks for what the worker cannot give, or its arguments do not fit. */
  | 'refused'
  /** The task failed, for the last time where it is tried again. */
  | 'failed'
  /** The task took its child or its worker down too often. */
  | 'worker-lost'
  /** It ran longer than the broker waits for an ack, twice. */
  | 'consumer-timeout'
  /** The task threw `Reject`. */
  | 'rejected'
  /** It was not started by the time at which it expired. */
  | 'expired'
  /** The broker gave it up, since a quorum queue's `x-delivery-limit` was reached. */
  | 'delivery-limit'
  /** The broker dropped it, since the queue was full. */
  | 'max-length'
  /** It was delayed, and its queue was gone when it was due. */
  | 'no-queue';

/**
 * Headers that are between RabbitMQ and its clients, and that a copy must not carry: a republished `x-death` can be
 * dropped as a cycle, and `CC` and `BCC` would send the copy once more to queues that have the message already.
 */
export function isBrokerHeader(name: string): boolean {
  return BROKER_HEADERS.has(name) || /^x-(first|last)-death-/.test(name);
}

const BROKER_HEADERS = new Set(['x-death', 'x-delivery-count', 'CC', 'BCC']);

/** Counter that quorum queues keep of earlier deliveries (integer, absent on the first). */
export const DELIVERY_COUNT_HEADER = 'x-delivery-count';

const CELERY_HEADERS = new Set([
  ...Object.values(HEADER),
  ...['lang', 'shadow', 'argsrepr', 'kwargsrepr', 'origin', 'meth', 'stamped_headers', 'stamps'],
]);

/** True for a header that the protocol owns, so that a user's own header may not have that name. */
export function isReservedHeader(name: string): boolean {
  return CELERY_HEADERS.has(name) || name.startsWith('tq-') || isBrokerHeader(name) || isPrototypeKey(name);
}

/** A header of this name would not be set but change what the table inherits, setters included. */
export function isPrototypeKey(name: string): boolean {
  return name === '__proto__';
}
