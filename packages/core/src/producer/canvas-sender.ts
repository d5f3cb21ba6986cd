import { type ChordQueue, chordQueueOf } from '../broker/chord-queue.js';
import * as failures from '../broker/publish-failure.js';
import type { FrozenCanvas } from '../canvas/freeze.js';
import type { StepSource } from '../canvas/freeze-step.js';
import { asPublishError, type PublishError } from '../errors.js';
import { type ExpandedCall, type Expansion, expand } from '../protocol/canvas/expand.js';
import type { JsonText } from '../protocol/canvas/json-text.js';
import { endOf, startOf } from '../protocol/canvas/step-times.js';
import { type Step, stepOf } from '../protocol/canvas/wire-step.js';
import type { Preset } from '../protocol/preset.js';
import type { AnyResult, CallFacts, ResultServices } from '../results/async-result.js';
import { CanvasPublication, type UnpublishedCanvas } from '../results/canvas-publication.js';
import { type CanvasResults, createCanvasResults, type Start } from '../results/canvas-results.js';
import type { Workflow } from '../results/workflow.js';
import type { WorkflowAnswers } from '../results/workflow-answers.js';
import { workflowOf } from '../results/workflow-of.js';
import type { CanvasOrder } from '../task/canvas-part.js';
import { findCurrentTask } from '../task/context.js';
import { CanvasPump } from './canvas-pump.js';
import { chordsAround } from './chords-around.js';
import { embedsWithin } from './embeds-within.js';
import { StartListener } from './start-listener.js';
import type { StartCall, StepSender } from './step-sender.js';
import { type UnsentCanvas, unsentCanvas } from './unsent-canvas.js';

export interface CanvasSenderOptions {
  readonly prefix: string;
  readonly preset: Preset;
  readonly publishTimeoutMs: number;
  /** Largest body that is sent, bytes. */
  readonly maxMessageBytes: number;
  /** How long a chord's queue stays beyond the delays of its header, ms. */
  readonly chordExpiresMs: number;
  /** Fixes ids, queues and options of all steps. */
  readonly freeze: (order: CanvasOrder) => FrozenCanvas;
  readonly steps: StepSender;
  /** Resolves when one more call fits into the outbox; undefined when it fits now. */
  readonly room: () => Promise<void> | undefined;
  readonly results: ResultServices;
  /** Told once of a canvas that was not published as a whole while nobody awaited it. */
  readonly unobserved: (failure: UnpublishedCanvas) => void;
  /** Keeps what is sent, for whoever asks; undefined where nobody can. */
  readonly workflows: Pick<WorkflowAnswers, 'keep'> | undefined;
  readonly newId: () => string;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** What is to be said of all its messages. */
type How = Omit<FrozenCanvas, 'root'>;

/** A canvas that is on its way. */
interface Sending extends CanvasResults {
  readonly canvas: CanvasPublication;
  readonly workflow: Workflow;
}

/**
 * Sends canvases: fixes all of it, makes the results of all steps, and sends the calls that start it. Later steps are
 * published by the workers that end those before them.
 */
export class CanvasSender {
  readonly #options: CanvasSenderOptions;
  readonly #pump: CanvasPump;
  /** What is not published is told of once for the whole. */
  readonly #results: ResultServices;
  #closed = false;

  constructor(options: CanvasSenderOptions) {
    this.#options = options;
    this.#pump = new CanvasPump(options);
    this.#results = { ...options.results, unobservedFailure: () => undefined };
  }

  /** Sends a canvas. What is wrong with it rejects what this gives; nothing is thrown, and nothing of it is sent. */
  send(order: CanvasOrder): AnyResult {
    const { newId, freeze, preset, maxMessageBytes } = this.#options;
    try {
      if (this.#closed) throw failures.toPublishError(failures.closedBefore, false);
      const { root, ...how } = freeze(order);
      const expansion = expand(root, {});
      const embeds = embedsWithin(expansion.calls, maxMessageBytes, preset);
      return this.#send(root, expansion, embeds, how);
    } catch (thrown) {
      return this.#refuse(unsentCanvas(order.part, newId), asPublishError(thrown));
    }
  }

  /** Takes no more canvases; what is being sent goes on. */
  close(): void {
    this.#closed = true;
  }

  /** Resolves when all calls of the canvases that were sent are on their way; undefined when they are. */
  waiting(): Promise<unknown> | undefined {
    return this.#pump.waiting();
  }

  #send(root: Step, { calls, chords }: Expansion, embeds: readonly (JsonText | undefined)[], how: How): AnyResult {
    const { publishTimeoutMs, prefix } = this.#options;
    const now = this.#options.now();
    const facts = new Map(calls.map(({ step }) => [step.id, factsOf(step, prefix, now)]));
    const { result, starts, canvas, workflow } = this.#prepare(root, facts);
    this.#options.workflows?.keep(workflow);
    const parent = findCurrentTask();
    const rootId = parent?.rootId ?? firstIdOf(root);
    const queues = chords.length === 0 ? undefined : this.#chordQueues(root, chords, now);
    const startCalls = calls.map((expanded, index): StartCall => {
      const { id, source } = expanded.step;
      const { result: own, followers } = starts.get(id) as Start;
      const { args, schema } = source as StepSource;
      const ownFacts = facts.get(id) as CallFacts;
      return {
        facts: ownFacts,
        expanded,
        embed: embeds[index],
        args,
        schema,
        rootId,
        parentId: parent?.id,
        publishTimeoutMs: how.deadline ?? publishTimeoutMs,
        signal: how.signal,
        chords: queues?.(id),
        followers: followers.length === 0 ? undefined : followers,
        listener: new StartListener(ownFacts, own, canvas),
      };
    });
    this.#pump.send(startCalls, () => canvas.givenUp);
    return result;
  }

  /** Nothing of it is sent: all of its results say why. */
  #refuse({ root, facts }: UnsentCanvas, error: PublishError): AnyResult {
    const { result, starts, canvas } = this.#prepare(root, facts);
    queueMicrotask(() => {
      // The last first, so that none of them is told of another one.
      for (const [id, start] of [...starts].reverse()) {
        new StartListener(facts.get(id) as CallFacts, start.result, canvas).failed(error);
      }
    });
    return result;
  }

  /** @param facts of the calls that start it */
  #prepare(root: Step, facts: ReadonlyMap<string, CallFacts>): Sending {
    const canvas = new CanvasPublication(facts.size, this.#options.unobserved);
    const workflow = workflowOf(root);
    const results = createCanvasResults({ root, starts: facts, canvas, services: this.#results, workflow });
    return { ...results, canvas, workflow };
  }

  /** Gives the queues that have to be there before a call is published. */
  #chordQueues(root: Step, chords: Expansion['chords'], now: number): (taskId: string) => ChordQueue[] | undefined {
    const queues = new Map(chords.map((one) => [one.id, chordQueueOf(one, this.#options, now)]));
    const around = chordsAround(root);
    return (taskId) => around.get(taskId)?.flatMap((id) => queues.get(id) ?? []);
  }
}

/** The first task of a canvas is the root of all of it; of one that starts with several, their group is. */
function firstIdOf(step: Step): string {
  return step.kind === 'chain' ? firstIdOf(stepOf(step.tasks[0] as Step)) : (step.id as string);
}

function factsOf({ id, task, options }: ExpandedCall['step'], prefix: string, now: number): CallFacts {
  const { queue = '', exchange, ignoreResult = false } = options;
  return {
    id,
    task,
    queue,
    ignoreResult,
    exchange: exchange?.startsWith(prefix) ? exchange.slice(prefix.length) : exchange,
    eta: startOf(options, now),
    expires: endOf(options, now),
  };
}
