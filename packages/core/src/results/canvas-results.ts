import { type Step, stepOf, type TaskStep } from '../protocol/canvas/wire-step.js';
import type { AnyResult, CallFacts, ResultServices } from './async-result.js';
import type { CanvasPublication } from './canvas-publication.js';
import { PendingGroup } from './pending-group.js';
import { PendingResult } from './pending-result.js';
import { type LaterStep, type ResultPart, StepPlace } from './step-place.js';
import type { Follower } from './transport.js';
import type { WorkflowStates } from './workflow.js';

/** What the results of a canvas are made of. */
export interface CanvasResultsOptions {
  /** As it is frozen: every step has its id and its queue. */
  readonly root: Step;
  /** Of the calls that start it, by id: somebody else publishes the other steps. */
  readonly starts: ReadonlyMap<string, CallFacts>;
  readonly canvas: CanvasPublication;
  readonly services: ResultServices;
  /** Told of every change of a step's state. */
  readonly workflow: WorkflowStates;
}

/** The results of a canvas. */
export interface CanvasResults {
  /** Of its last step, or of the group that it ends in. */
  readonly result: AnyResult;
  /** Of the calls that start it, by id. */
  readonly starts: ReadonlyMap<string, Start>;
}

/** The result of a call that starts a canvas. */
export interface Start {
  readonly result: PendingResult<unknown>;
  /** Later steps that are to be waited for from the publish of this call on. */
  readonly followers: readonly Follower[];
}

type Handle = AnyResult & ResultPart;

/** A part of a canvas with its result. */
interface Built {
  readonly result: Handle;
  /** What is called first in it, and never when what comes before it fails. */
  readonly firsts: readonly LaterStep[];
  /** What its result is made of. */
  readonly lasts: readonly StepPlace[];
}

/** Makes the results of all steps, each of which knows what it follows and what follows it. */
export function createCanvasResults(options: CanvasResultsOptions): CanvasResults {
  const builder = new ResultsBuilder(options);
  const { result } = builder.build(options.root, undefined);
  return { result, starts: builder.starts };
}

class ResultsBuilder {
  readonly starts = new Map<string, Start>();
  readonly #options: CanvasResultsOptions;
  /** Those of the newest call that starts the canvas: a later step is waited for with the last call before it. */
  #followers: Follower[] = [];

  constructor(options: CanvasResultsOptions) {
    this.#options = options;
  }

  build(step: Step, parent: Handle | undefined): Built {
    switch (step.kind) {
      case 'task':
        return this.#task(step, parent);
      case 'chain':
        return this.#chain(step.tasks.map(stepOf), parent);
      case 'group':
        return this.#group(step.id, step.tasks.map(stepOf), parent);
      case 'chord': {
        const header = this.#group(step.id, step.header.map(stepOf), parent);
        return inTurn(header, this.build(stepOf(step.body), header.result));
      }
    }
  }

  #chain([first, ...rest]: readonly Step[], parent: Handle | undefined): Built {
    let built = this.build(first as Step, parent);
    for (const step of rest) built = inTurn(built, this.build(step, built.result));
    return built;
  }

  #group(id: string | undefined, steps: readonly Step[], parent: Handle | undefined): Built {
    const { canvas, services, workflow } = this.#options;
    const members = steps.map((step) => this.build(step, parent));
    const results = members.map(({ result }) => result);
    return {
      result: new PendingGroup({ id: id as string, members: results, parent, canvas, services, workflow }) as Handle,
      firsts: members.flatMap(({ firsts }) => firsts),
      lasts: members.flatMap(({ lasts }) => lasts),
    };
  }

  #task(step: TaskStep, parent: Handle | undefined): Built {
    const { starts, canvas, services, workflow } = this.#options;
    const id = step.id as string;
    const start = starts.get(id);
    const place = new StepPlace({ parent, follows: start === undefined, canvas, workflow });
    const result = new PendingResult<unknown>(start ?? factsOf(step, id), services, place);
    if (start === undefined) this.#followers.push({ taskId: id, listener: result });
    else {
      this.#followers = [];
      this.starts.set(id, { result, followers: this.#followers });
    }
    place.callbacks = step.link.flatMap((link) => this.build(stepOf(link), result).firsts);
    return { result, firsts: [result], lasts: [place] };
  }
}

/** One after the other. Without anything in the first, the second is what is called first. */
function inTurn(one: Built, other: Built): Built {
  for (const place of one.lasts) place.next = other.firsts;
  const firsts = one.firsts.length === 0 ? other.firsts : one.firsts;
  return { result: other.result, firsts, lasts: other.lasts };
}

function factsOf({ task, options }: TaskStep, id: string): CallFacts {
  const { queue = '', exchange, ignoreResult = false } = options;
  const facts = { id, task, queue, ignoreResult };
  return exchange === undefined ? facts : { ...facts, exchange };
}
