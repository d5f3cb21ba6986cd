import { freeze } from '../../src/canvas/freeze.js';
import { CanvasSender, type CanvasSenderOptions } from '../../src/producer/canvas-sender.js';
import { Staging } from '../../src/producer/staging.js';
import { StepSender, type StepSenderOptions } from '../../src/producer/step-sender.js';
import type { AnyResult } from '../../src/results/async-result.js';
import type { UnpublishedCanvas } from '../../src/results/canvas-publication.js';
import type { OutgoingCall } from '../../src/results/transport.js';
import type { ArgsSchema } from '../../src/schema/standard-schema.js';
import type { AnyCanvas, CanvasCallOptions } from '../../src/task/canvas.js';
import { type CanvasOrder, requirePart } from '../../src/task/canvas-part.js';
import { createTask, type TaskHost } from '../../src/task/task.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Deadlines } from '../../src/time/deadlines.js';
import { testRuntime } from '../test-runtime.js';

type More = Partial<CanvasSenderOptions> & Partial<Pick<StepSenderOptions, 'middleware'>>;

/** A sender of canvases whose calls go nowhere: the test reads them, and what nobody awaited. */
export function openCanvases({ middleware = { publish: undefined }, ...more }: More = {}) {
  const clock = new ManualClock();
  const runtime = testRuntime(clock);
  const deadlines = new Deadlines(clock, 1);
  const sent: OutgoingCall[] = [];
  const unobserved: UnpublishedCanvas[] = [];
  const forgotten: string[] = [];
  const state = { room: undefined as Promise<void> | undefined };
  const transport = {
    send: (call: OutgoingCall) => void sent.push(call),
    publish: () => undefined,
    ask: () => undefined,
    forget: (id: string) => void forgotten.push(id),
    hold: () => () => undefined,
    room: () => state.room,
    queueStatus: async () => undefined,
  };
  const preset = 'tq' as const;
  const staging = new Staging({ clock, deadlines, limits: { messages: 2, bytes: 1 }, hold: transport.hold });
  const common = { prefix: 'p.', preset };
  const canvases = new CanvasSender({
    ...common,
    publishTimeoutMs: 30_000,
    maxMessageBytes: 1_000,
    chordExpiresMs: 60_000,
    freeze: (order) =>
      freeze(order, {
        owner: host,
        ...common,
        ...{ defaultQueue: 'tq', router: undefined, maxDelayMs: 100_000, newId: runtime.newId },
        now: () => clock.wallTime(),
      }),
    steps: new StepSender({ ...common, transport, middleware, staging, logger: runtime.logger }),
    room: () => transport.room(),
    results: {
      transport,
      deadlines,
      expiries: deadlines,
      wallTime: () => clock.wallTime(),
      resultTimeoutMs: 1_000,
      runningTask: () => undefined,
      unobservedFailure: () => unobserved.push({} as UnpublishedCanvas),
    },
    unobserved: (failure) => unobserved.push(failure),
    workflows: undefined,
    newId: runtime.newId,
    now: () => clock.wallTime(),
    ...more,
  });
  const host: TaskHost = {
    send: () => {
      throw new Error('expected no call beside the canvas');
    },
    room: () => undefined,
    sendCanvas: <Handle>(order: CanvasOrder) => canvases.send(order) as Handle,
    freezeCanvas: () => {
      throw new Error('expected no canvas that is not sent');
    },
  };
  /** A task of one number, with a schema where one is given. */
  const define = (name: string, args?: ArgsSchema) =>
    createTask(host, name, (n: number) => n, args === undefined ? {} : { args });
  const send = (canvas: AnyCanvas, options: CanvasCallOptions = {}, previous: readonly unknown[] = []): AnyResult =>
    canvases.send({ part: requirePart(canvas, 'canvas'), previous, options });
  return { host, clock, runtime, canvases, define, send, sent, unobserved, forgotten, state };
}

/** What a call says in its body, and what comes after it. */
export function bodyOf({ envelope }: OutgoingCall): { args: unknown; embed: unknown } {
  const [args] = JSON.parse(envelope.bodyText) as [unknown];
  return { args, embed: envelope.embed === undefined ? undefined : JSON.parse(envelope.embed) };
}
