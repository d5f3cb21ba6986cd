import {
  decodeEnvelope,
  decodePlain,
  type FunctionFrom,
  HEADER,
  type Headers,
  type InboundMessage,
  isTaskTable,
  type PlainFormat,
  type TaskMessage,
  TqError,
} from '@tq/core/internal';
import type { ReplyAddress } from '../execution/reply-address.js';
import type { Intake } from './intake.js';

/** What a queue of plain messages is made of. */
export interface PlainIntakeOptions {
  /** Formats of the tasks that take its messages, by name; at least one. */
  readonly functions: ReadonlyMap<string, PlainFormat>;
  /** Where a message says which of them it is for. Undefined: one alone takes everything; of several see `NAMED_BY`. */
  readonly functionFrom: FunctionFrom | undefined;
  /** Reads and runs the tasks' messages that come to the queue beside plain ones. */
  readonly tasks: Intake;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly newId: () => string;
}

/**
 * The intake of a queue that other programs publish to. What has Celery's headers `task` and `id` is a task's message as
 * on any queue; everything else is a body for one of the plain tasks.
 */
export class PlainIntake implements Intake {
  readonly #options: PlainIntakeOptions;
  /** The one that takes everything. */
  readonly #only: string | undefined;

  constructor(options: PlainIntakeOptions) {
    this.#options = options;
    const [first, ...others] = options.functions.keys();
    this.#only = others.length === 0 && options.functionFrom === undefined ? first : undefined;
  }

  decode(message: InboundMessage): TaskMessage {
    if (isTask(message)) return decodeEnvelope(message);
    const { functions, now, newId } = this.#options;
    const task = this.#only ?? this.#nameIn(message);
    return decodePlain(message, { task, format: functions.get(task) ?? 'json', now: now(), newId });
  }

  knows(task: TaskMessage): boolean {
    const { functions, tasks } = this.#options;
    return (task.foreign === undefined || functions.has(task.task)) && tasks.knows(task);
  }

  unreadable(message: InboundMessage): ReplyAddress | undefined {
    if (isTask(message)) return this.#options.tasks.unreadable(message);
    const { correlationId, messageId = '', replyTo } = message.properties;
    if (!replyTo) return undefined;
    const [format = 'json'] = this.#options.functions.values();
    return { taskId: correlationId ?? messageId, replyTo, plain: { format, correlationId } };
  }

  #nameIn(message: InboundMessage): string {
    const { functionFrom, functions } = this.#options;
    const name = functionFrom === undefined ? firstName(message) : nameFrom(message, functionFrom);
    if (name !== undefined) return name;
    const where = functionFrom === undefined ? NAMED_BY : [functionFrom];
    const text = `The message names no function: expected one of ${[...functions.keys()].join(', ')} as ${where.map(describe).join(', ')}, found nothing there. Have its program name one, or tell the queue's functionFrom where it does.`;
    throw new TqError('unknown-task', text);
  }
}

/** Where a message may name its function, unless the queue says where; the first that is there counts. */
const NAMED_BY: readonly FunctionFrom[] = ['app_id', 'type', { header: HEADER.task }];

function firstName(message: InboundMessage): string | undefined {
  for (const from of NAMED_BY) {
    const name = nameFrom(message, from);
    if (name !== undefined) return name;
  }
  return undefined;
}

function nameFrom({ properties }: InboundMessage, from: FunctionFrom): string | undefined {
  if (typeof from === 'object') return textOf((properties.headers as Headers | undefined)?.[from.header]);
  return textOf(from === 'app_id' ? properties.appId : properties.type);
}

function describe(from: FunctionFrom): string {
  return typeof from === 'object' ? `header ${from.header}` : `property ${from}`;
}

function isTask({ properties: { headers } }: InboundMessage): boolean {
  return isTaskTable(headers);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
