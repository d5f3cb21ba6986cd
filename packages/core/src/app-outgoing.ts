import { hostname } from 'node:os';
import type { AppEvents } from './app-events.js';
import type { FrozenCanvas } from './canvas/freeze.js';
import { EventPublisher } from './events/event-publisher.js';
import type { Observers } from './observers.js';
import type { ResolvedOptions } from './options.js';
import { CanvasSender } from './producer/canvas-sender.js';
import { Producer } from './producer/producer.js';
import type { Router } from './producer/router.js';
import { Staging } from './producer/staging.js';
import { StepSender } from './producer/step-sender.js';
import { maxDelayMs } from './protocol/delay-key.js';
import type { ResultServices } from './results/async-result.js';
import type { Transport } from './results/transport.js';
import { WorkflowAnswers } from './results/workflow-answers.js';
import type { Runtime } from './runtime.js';
import type { CanvasOrder } from './task/canvas-part.js';
import { findCurrentTask } from './task/context.js';
import type { MiddlewareStack } from './task/middleware.js';
import { Deadlines } from './time/deadlines.js';

/** What leaves an app. */
export interface Outgoing {
  readonly calls: Producer;
  readonly canvases: CanvasSender;
  readonly events: EventPublisher;
}

/** What it takes of the app to make that. */
export interface OutgoingHost {
  readonly options: ResolvedOptions;
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly router: Router | undefined;
  readonly middleware: MiddlewareStack;
  readonly deadlines: Deadlines;
  readonly observers: Observers<AppEvents>;
  readonly freeze: (order: CanvasOrder) => FrozenCanvas;
}

/** How late the end of a call may be told that no worker started: a call may wait for days, and a million of them. */
const EXPIRY_GRANULARITY_MS = 250;

/** Makes the producers of calls, of canvases and of events, which wait in one place for what is asynchronous. */
export function createOutgoing(host: OutgoingHost): Outgoing {
  const { options, runtime, transport, router, middleware, deadlines, observers } = host;
  const { clock, logger, newId } = runtime;
  const { prefix, preset } = options;
  const limits = { messages: options.outboxMessages, bytes: options.outboxBytes };
  const common = {
    publishTimeoutMs: options.publishTimeout,
    transport,
    newId,
    now: () => clock.wallTime(),
    staging: new Staging({ clock, deadlines, limits, hold: () => transport.hold() }),
  };
  const events = new EventPublisher({
    ...common,
    unobserved: (taskId, task, error) => {
      logger.error({ id: taskId, event: task, err: error }, 'an event was not published, and nobody awaited it');
      observers.emit('publish:failed', { kind: 'event', taskId, task, error });
    },
  });
  const results: ResultServices = {
    transport,
    deadlines,
    expiries: new Deadlines(clock, EXPIRY_GRANULARITY_MS),
    wallTime: () => clock.wallTime(),
    resultTimeoutMs: options.resultTimeout,
    runningTask: () => findCurrentTask()?.task,
    unobservedFailure: (taskId, task, error) => {
      logger.error({ taskId, task, err: error }, 'a call was not published, and nobody awaited it');
      observers.emit('publish:failed', { kind: 'task', taskId, task, error });
    },
  };
  const way = { ...common, prefix, preset, middleware, logger };
  const maxDelay = maxDelayMs(options.delayUnit);
  const calls = new Producer({ ...way, defaultQueue: options.queue, router, maxDelayMs: maxDelay, results });
  const canvases = new CanvasSender({
    ...common,
    ...{ prefix, preset, results },
    maxMessageBytes: options.maxMessageBytes,
    chordExpiresMs: options.chordExpires,
    freeze: host.freeze,
    steps: new StepSender(way),
    room: () => calls.room(),
    workflows: workflowsOf(host),
    unobserved: ({ taskId, task, error, failed, total }) => {
      const fields = { taskId, task, err: error, failed, total };
      logger.error(fields, 'a canvas was not published as a whole, and nobody awaited it');
      observers.emit('publish:failed', { kind: 'task', taskId, task, error });
    },
  });
  return { calls, canvases, events };
}

function workflowsOf({ options, transport, runtime }: OutgoingHost): WorkflowAnswers | undefined {
  const { workflowParts: maxParts, maxMessageBytes } = options;
  if (maxParts === 0 || transport.takeQuestions === undefined) return undefined;
  const program = `${hostname()}:${process.pid}`;
  return new WorkflowAnswers({ transport, maxParts, maxMessageBytes, program, logger: runtime.logger });
}
