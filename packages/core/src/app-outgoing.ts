import { hostname } from 'node:os';
import type { AppEvents } from './app-events.js';
import { EventPublisher } from './events/event-publisher.js';
import type { Observers } from './observers.js';
import type { ResolvedOptions } from './options.js';
import { Producer } from './producer/producer.js';
import type { Router } from './producer/router.js';
import { Staging } from './producer/staging.js';
import { maxDelayMs } from './protocol/delay-key.js';
import type { Transport } from './results/transport.js';
import { WorkflowAnswers } from './results/workflow-answers.js';
import type { Runtime } from './runtime.js';
import { findCurrentTask } from './task/context.js';
import type { MiddlewareStack } from './task/middleware.js';
import { Deadlines } from './time/deadlines.js';

/** What leaves an app. */
export interface Outgoing {
  readonly calls: Producer;
  readonly events: EventPublisher;
  /** Keeps the workflows that are sent, for whoever asks; undefined where nobody can. */
  readonly workflows: WorkflowAnswers | undefined;
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
}

/** How late the end of a call may be told that no worker started: a call may wait for days, and a million of them. */
const EXPIRY_GRANULARITY_MS = 250;

/** Makes the producers of calls and of events, which wait in one place for what is asynchronous. */
export function createOutgoing(host: OutgoingHost): Outgoing {
  const { options, runtime, transport, router, middleware, deadlines, observers } = host;
  const { clock, logger, newId } = runtime;
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
  const calls = new Producer({
    ...common,
    prefix: options.prefix,
    defaultQueue: options.queue,
    router,
    preset: options.preset,
    maxDelayMs: maxDelayMs(options.delayUnit),
    middleware,
    logger,
    results: {
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
    },
  });
  return { calls, events, workflows: workflowsOf(host) };
}

function workflowsOf({ options, transport, runtime }: OutgoingHost): WorkflowAnswers | undefined {
  const { workflowParts: maxParts, maxMessageBytes } = options;
  if (maxParts === 0 || transport.takeQuestions === undefined) return undefined;
  const program = `${hostname()}:${process.pid}`;
  return new WorkflowAnswers({ transport, maxParts, maxMessageBytes, program, logger: runtime.logger });
}
