import { TqError } from '../errors.js';
import type { StepOptions } from '../protocol/canvas/step-options.js';
import type { Step, TaskStep } from '../protocol/canvas/wire-step.js';
import type { Preset } from '../protocol/preset.js';
import { type SerializeOptions, serialize } from '../protocol/serializer.js';
import type { ArgsSchema } from '../schema/standard-schema.js';
import type { CallOptions } from '../task/call.js';
import { callTimes } from '../task/call-times.js';
import type { CanvasHost, Part, TaskPart } from '../task/canvas-part.js';
import { checkHeaders, checkQueue, fullExchange } from '../task/check-message.js';
import { mergeCall, NO_CALL_OPTIONS } from '../task/merge-call.js';
import { failureAddress, type QueueNaming } from '../task/on-failure.js';
import { checkCall, limitsOf } from '../task/options.js';
import { type Place, placeIn, refused, requireLevels } from './place.js';

/** What freezing a canvas needs of its app. */
export interface FreezeHost {
  /** The app itself, whose tasks alone can be in it. */
  readonly owner: CanvasHost;
  readonly prefix: string;
  readonly defaultQueue: string;
  /** Finds the way of calls that say nothing of it; undefined where the app has no routes. */
  readonly router: CanvasRouter | undefined;
  readonly preset: Preset;
  /** How far ahead of its call a task may start, ms. */
  readonly maxDelayMs: number;
  readonly newId: () => string;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** The app's routes. */
export interface CanvasRouter extends NonNullable<QueueNaming['router']> {
  route<O extends CallOptions>(task: string, args: readonly unknown[], options: O): O;
}

/** What a client knows of a step that it sends itself. */
export interface StepSource {
  /** As they were given, with what the canvas was started with. */
  readonly args: readonly unknown[];
  /** What they must fit. */
  readonly schema: ArgsSchema | undefined;
}

/** What is said of a task where it stands. */
export interface TaskAt {
  readonly place: Place | undefined;
  readonly previous: readonly unknown[];
  readonly levels: number;
  /** Its own options and those of the parts around it. */
  readonly own: CallOptions;
  readonly link: readonly Part[];
  readonly linkError: readonly TaskPart[];
}

const SERIALIZE: Record<Preset, SerializeOptions> = { tq: { tqTypes: true }, celery: { tqTypes: false } };
const NONE: readonly never[] = Object.freeze([]);

/** Makes steps of the tasks of a canvas. */
export class StepFreezer {
  readonly #host: FreezeHost;
  readonly #linked: (part: Part, place: Place, levels: number) => Step;
  readonly #naming: QueueNaming;
  /** What many steps call on failure is one step. */
  readonly #errbacks = new Map<TaskPart, TaskStep>();
  /** Ids that were given; one a canvas. */
  readonly #given = new Set<string>();

  #newest: { readonly defaults: CallOptions; readonly own: CallOptions; readonly options: StepOptions } | undefined;

  /** @param linked makes a step of what a result starts */
  constructor(host: FreezeHost, linked: (part: Part, place: Place, levels: number) => Step) {
    this.#host = host;
    this.#linked = linked;
    this.#naming = { prefix: host.prefix, queue: host.defaultQueue, router: host.router };
  }

  /** @throws {PublishError} what is wrong with it, with its place named */
  freeze(part: TaskPart, at: TaskAt): TaskStep {
    requireLevels(at.levels, at.place);
    const levels = at.levels + 1;
    const link = at.link.map((callback, index) => this.#linked(callback, placeIn('link', index, at.place), levels));
    const linkError = at.linkError.map((errback, index) =>
      this.#errback(errback, placeIn('errback', index, at.place), levels),
    );
    try {
      return this.#step(part, at, link, linkError);
    } catch (thrown) {
      throw refused(at.place, part.runs ?? part.task, thrown);
    }
  }

  /** Its id is made of that of the task that fails, unless it has one, since more than one may call it. */
  #errback(part: TaskPart, place: Place, levels: number): TaskStep {
    const known = this.#errbacks.get(part);
    if (known !== undefined) return known;
    const { options: own, link, linkError } = part;
    const step = this.freeze(part, { place, previous: NONE, levels, own, link, linkError });
    const options = part.immutable ? step.options : { ...step.options, takesFailure: true };
    const errback = { ...step, id: own.taskId, options };
    this.#errbacks.set(part, errback);
    return errback;
  }

  #step(part: TaskPart, { previous, own }: TaskAt, link: readonly Step[], linkError: readonly Step[]): TaskStep {
    const { task, immutable, schema, kwargs } = part;
    requireOwn(part, this.#host.owner);
    const args = immutable || previous.length === 0 ? part.args : [...previous, ...part.args];
    const serializing = SERIALIZE[this.#host.preset];
    // Written out, since there may be ten thousand of them, and copies of one with more keys are slow.
    return {
      kind: 'task',
      task,
      id: this.#idOf(own) ?? this.#host.newId(),
      args: serialize(withoutLastUndefined(args), 'args', serializing),
      kwargs: kwargs === undefined ? '{}' : serialize(kwargs, 'kwargs', serializing),
      immutable,
      options: this.#optionsOf(part, args, own),
      link,
      linkError,
      source: { args, schema } satisfies StepSource,
    };
  }

  /** Those of the step before where nothing tells them apart: the members of a group are calls of one task most often. */
  #optionsOf(part: TaskPart, args: readonly unknown[], own: CallOptions): StepOptions {
    const { defaults } = part;
    const { router } = this.#host;
    const merged = own === NO_CALL_OPTIONS ? defaults : mergeCall(defaults, own);
    if (router !== undefined) return this.#stepOptions(router.route(part.runs ?? part.task, args, merged), own);
    if (this.#newest?.defaults === defaults && this.#newest.own === own) return this.#newest.options;
    const options = this.#stepOptions(merged, own);
    this.#newest = { defaults, own, options };
    return options;
  }

  #stepOptions(options: CallOptions, own: CallOptions): StepOptions {
    const { prefix, defaultQueue, now, maxDelayMs } = this.#host;
    refusePublishing(own);
    checkCall(options, own);
    callTimes(options, now, maxDelayMs);
    const { queue = defaultQueue, exchange, eta, expires, onFailure } = options;
    checkQueue(queue, prefix + String(queue));
    return {
      queue: exchange === undefined ? prefix + queue : undefined,
      exchange: exchange === undefined ? undefined : fullExchange(prefix, exchange),
      routingKey: exchange === undefined ? undefined : (options.routingKey ?? ''),
      priority: options.priority,
      ignoreResult: options.ignoreResult === true ? true : undefined,
      headers: checkHeaders(options.headers),
      limits: limitsOf(options),
      retry: options.retry,
      onFailure: onFailure && failureAddress(onFailure, this.#naming),
      countdown: options.countdown,
      eta: eta?.getTime(),
      expiresIn: typeof expires === 'number' ? expires : undefined,
      expires: typeof expires === 'number' ? undefined : expires?.getTime(),
    };
  }

  #idOf({ taskId }: CallOptions): string | undefined {
    if (taskId === undefined) return undefined;
    if (this.#given.has(taskId)) {
      throw new TqError('invalid-option', `taskId: expected each id once, found '${taskId.slice(0, 64)}' twice.`);
    }
    this.#given.add(taskId);
    return taskId;
  }
}

function requireOwn({ host, plain }: TaskPart, owner: CanvasHost): void {
  if (host !== owner) {
    const text =
      'expected a task of the app that the first task of the canvas is of, found one of another app. Declare it on that app: app.declareTask(…).';
    throw new TqError('invalid-option', text);
  }
  if (!plain) return;
  const text =
    "expected a task that takes calls alone, found one with wire: 'plain', whose messages are those of programs that know no canvas. Let a task of its own call it.";
  throw new TqError('invalid-option', text);
}

/** They are about the messages that start a canvas, and those are sent when it is. */
function refusePublishing({ deadline, signal }: CallOptions): void {
  if (deadline === undefined && signal === undefined) return;
  const text = `${deadline === undefined ? 'signal' : 'deadline'}: expected among the options of apply(…), found in set(…).`;
  throw new TqError('invalid-option', text);
}

/** As in a plain call. */
function withoutLastUndefined(args: readonly unknown[]): readonly unknown[] {
  let { length } = args;
  while (length > 0 && args[length - 1] === undefined) length--;
  return length === args.length ? args : args.slice(0, length);
}
