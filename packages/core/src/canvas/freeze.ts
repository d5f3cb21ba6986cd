import { PublishError } from '../errors.js';
import type { ChordStep, GroupStep, Step, TaskStep } from '../protocol/canvas/wire-step.js';
import { CELERY_TASK } from '../protocol/names.js';
import type { CallOptions } from '../task/call.js';
import {
  type CanvasHost,
  type CanvasOrder,
  type ChainPart,
  type ChordPart,
  endsInGroup,
  type GroupPart,
  type Part,
  type TaskPart,
} from '../task/canvas-part.js';
import { NO_CALL_OPTIONS, overlay } from '../task/merge-call.js';
import { type FreezeHost, StepFreezer } from './freeze-step.js';
import { requireNesting } from './nesting.js';
import { type Place, placeIn, refused, requireLevels } from './place.js';

/** A canvas that can be sent. */
export interface FrozenCanvas {
  /**
   * In normal form: every step has its id and where it goes; chains are flat; only the last step of a chain is a group or a
   * chord. What the canvas was started with stands in the arguments of the steps that start it.
   */
  readonly root: Step;
  /** How long the confirms may take, ms; undefined where the app's own time is meant. */
  readonly deadline: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Fixes what a canvas is at the moment it is sent: ids, queues, options. Sends nothing.
 * @throws {PublishError} `invalid-option`, `unknown-option`, `unserialisable`, `route-failed`, naming the step
 */
export function freeze({ part, previous, options }: CanvasOrder, host: FreezeHost): FrozenCanvas {
  const { deadline, signal, ...rest } = options;
  const top = { place: undefined, previous, link: NONE, linkError: NONE, levels: 0 };
  const [own, start] = partedOf(rest, part.kind === 'task', undefined);
  const later: Step[] = [];
  new Freezer(host).prepend(part, later, { ...top, outer: own, start });
  const root = asOne(later);
  requireNesting(root);
  return { root, deadline, signal };
}

const NONE: readonly never[] = Object.freeze([]);

/** Where a part stands, and what those around it say. */
interface At {
  readonly place: Place | undefined;
  /** Options of the parts around it, but for those of its start. */
  readonly outer: CallOptions;
  /** When it starts, as the parts around it say that start with it. */
  readonly start: CallOptions;
  /** What it is started with: one value, or none. */
  readonly previous: readonly unknown[];
  /** What its result starts, of those around it that end with it. */
  readonly link: readonly Part[];
  /** What its failure calls. */
  readonly linkError: readonly TaskPart[];
  /** How many parts it stands in. */
  readonly levels: number;
}

class Freezer {
  readonly #host: FreezeHost;
  readonly #steps: StepFreezer;

  constructor(host: FreezeHost) {
    this.#host = host;
    this.#steps = new StepFreezer(host, (part, place, levels) => this.#linked(part, place, levels));
  }

  /**
   * Puts the steps of a part before those that come after it.
   * @param later these, the last first: what stands before them goes to the end of the list
   */
  prepend(part: Part, later: Step[], at: At): void {
    requireLevels(at.levels, at.place);
    switch (part.kind) {
      case 'task':
        later.push(this.#task(part, at));
        break;
      case 'chain':
        this.#chain(part, later, at);
        break;
      case 'group':
        this.#group(part, later, at);
        break;
      case 'chord':
        this.#chord(part, later, at);
    }
  }

  #task(part: TaskPart, at: At): TaskStep {
    const own = overlay(overlay(at.outer, at.start), part.options);
    return this.#steps.freeze(part, {
      place: at.place,
      previous: at.previous,
      levels: at.levels,
      own,
      link: both(part.link, at.link),
      linkError: both(part.linkError, at.linkError),
    });
  }

  #chain(part: ChainPart, later: Step[], at: At): void {
    const around = within(part, at);
    this.#collect(part, later, around);
    const last = part.steps.length - 1;
    for (let index = last; index >= 0; index--) {
      const place = placeIn('chain step', index, at.place);
      this.prepend(part.steps[index] as Part, later, {
        ...around,
        place,
        start: index === 0 ? around.start : NO_CALL_OPTIONS,
        previous: index === 0 ? at.previous : NONE,
        link: index === last ? around.link : NONE,
      });
    }
  }

  /** Something that comes after it makes a chord of it, whose body that is; what that calls on failure is called once. */
  #group(part: GroupPart, later: Step[], at: At): void {
    const joined = later.length > 0;
    const around = within(part, joined ? { ...at, linkError: NONE } : at);
    const tasks = this.#members(part, around, 'group member', at.place);
    const id = this.#host.newId();
    if (joined) later.push(this.#chordOf({ kind: 'group', id, tasks }, later.splice(0), at.place));
    else later.push({ kind: 'group', id, tasks });
  }

  /** What comes after it is part of its body, which alone calls what is called on failure. */
  #chord(part: ChordPart, later: Step[], at: At): void {
    const around = within(part, at);
    this.#collect(part, later, around);
    const body = later.splice(0);
    const start = part.header.members.length === 0 ? around.start : NO_CALL_OPTIONS;
    this.prepend(part.body, body, {
      ...around,
      place: placeIn('chord body', undefined, at.place),
      start,
      previous: NONE,
    });
    const header = within(part.header, { ...around, link: NONE, linkError: NONE });
    const tasks = this.#members(part.header, header, 'chord header member', at.place);
    later.push(this.#chordOf({ kind: 'group', id: this.#host.newId(), tasks }, body, at.place));
  }

  /** What ends in a group that something comes after calls its errbacks by a step between the two, when the group fails. */
  #collect(part: ChainPart | ChordPart, later: Step[], around: At): void {
    if (part.linkError.length === 0 || later.length === 0 || !endsInGroup(part)) return;
    const nothing = { previous: NONE, link: NONE, own: NO_CALL_OPTIONS };
    const step = this.#steps.freeze(collectorOf(this.#host.owner), { ...around, ...nothing });
    // Where the message before it goes: there is a worker.
    later.push({ ...step, options: {} });
  }

  #members(part: GroupPart, around: At, where: string, place: Place | undefined): Step[] {
    const { outer, start, previous, linkError, levels } = around;
    return part.members.map((member, index) => {
      const at = { place: placeIn(where, index, place), outer, start, previous, link: NONE, linkError, levels };
      return this.#one(member, at);
    });
  }

  #chordOf({ id, tasks: header }: GroupStep, body: Step[], place: Place | undefined): ChordStep {
    if (this.#host.preset === 'tq') return { kind: 'chord', id, header, body: asOne(body) };
    const text =
      "expected no chord under preset: 'celery', found one (a group that steps follow is one too): a Python worker that runs one of its members would not join it. Wait for the group's results and send the rest then, or send it from an app of preset 'tq' to workers of tq.";
    throw refused(place, undefined, new PublishError('invalid-option', text));
  }

  /** What a result starts knows nothing of the canvas that it is linked to. */
  #linked(part: Part, place: Place, levels: number): Step {
    const nothing = { outer: NO_CALL_OPTIONS, start: NO_CALL_OPTIONS, previous: NONE, link: NONE, linkError: NONE };
    return this.#one(part, { ...nothing, place, levels });
  }

  #one(part: Part, at: At): Step {
    if (part.kind === 'task') return this.#task(part, at);
    const steps: Step[] = [];
    this.prepend(part, steps, at);
    return asOne(steps);
  }
}

/** Celery's task that gives the list that it is called with. */
function collectorOf(host: CanvasHost): TaskPart {
  return {
    kind: 'task',
    host,
    task: CELERY_TASK.accumulate,
    args: NONE,
    kwargs: { index: 0 },
    immutable: false,
    defaults: NO_CALL_OPTIONS,
    plain: false,
    options: NO_CALL_OPTIONS,
    link: NONE,
    linkError: NONE,
  };
}

/** @param steps the last first */
function asOne(steps: readonly Step[]): Step {
  return steps.length === 1 ? (steps[0] as Step) : { kind: 'chain', tasks: steps.toReversed() };
}

function both<T>(one: readonly T[], other: readonly T[]): readonly T[] {
  if (other.length === 0) return one;
  return one.length === 0 ? other : [...one, ...other];
}

/** What a part of several tasks says is said of each of them. */
function within(part: Exclude<Part, TaskPart>, at: At): At {
  const [own, start] = partedOf(part.options, false, at.place);
  return {
    ...at,
    outer: overlay(at.outer, own),
    start: overlay(at.start, start),
    link: both(part.link, at.link),
    linkError: both(part.linkError, at.linkError),
    levels: at.levels + 1,
  };
}

/** Options in general, and those that say when something starts. */
function partedOf(options: CallOptions, single: boolean, place: Place | undefined): [CallOptions, CallOptions] {
  if (Object.keys(options).length === 0) return [NO_CALL_OPTIONS, NO_CALL_OPTIONS];
  const { countdown, eta, ...own } = options;
  const start = countdown === undefined && eta === undefined ? NO_CALL_OPTIONS : { countdown, eta };
  if (own.taskId === undefined || single) return [own, start];
  const text = 'taskId: expected none of what has several tasks, found one; give it to one signature with set().';
  throw refused(place, undefined, new PublishError('invalid-option', text));
}
