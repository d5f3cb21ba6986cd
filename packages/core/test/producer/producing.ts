import { Producer, type ProducerOptions } from '../../src/producer/producer.js';
import { Staging } from '../../src/producer/staging.js';
import type { OutgoingCall } from '../../src/results/transport.js';
import type { ArgsSchema } from '../../src/schema/standard-schema.js';
import type { CallOptions } from '../../src/task/call.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Deadlines } from '../../src/time/deadlines.js';
import { testRuntime } from '../test-runtime.js';

/** A producer whose calls go nowhere: the test reads them, and what nobody awaited. */
export function openProducer(more: Partial<ProducerOptions> = {}) {
  const clock = new ManualClock();
  const runtime = testRuntime(clock);
  const deadlines = new Deadlines(clock, 1);
  const sent: OutgoingCall[] = [];
  const unobserved: Error[] = [];
  const transport = {
    send: (call: OutgoingCall) => void sent.push(call),
    publish: () => undefined,
    ask: () => undefined,
    forget: () => undefined,
    hold: () => () => undefined,
    room: () => undefined,
    queueStatus: async () => undefined,
  };
  const producer = new Producer({
    prefix: '',
    defaultQueue: 'tq',
    preset: 'tq',
    publishTimeoutMs: 30_000,
    transport,
    newId: runtime.newId,
    now: () => clock.wallTime(),
    maxDelayMs: 100_000,
    middleware: { publish: undefined },
    staging: new Staging({ clock, deadlines, limits: { messages: 2, bytes: 1 }, hold: transport.hold }),
    logger: runtime.logger,
    results: {
      transport,
      deadlines,
      expiries: deadlines,
      wallTime: () => clock.wallTime(),
      resultTimeoutMs: 1_000,
      runningTask: () => undefined,
      unobservedFailure: (_id, _task, error) => unobserved.push(error),
    },
    ...more,
  });
  const send = (options: CallOptions = {}, args: readonly unknown[] = [30]) =>
    producer.send<number>({ task: 'fib', args, options });
  /** A call of a task that has a schema. */
  const sendFor = (schema: ArgsSchema, args: readonly unknown[], options: CallOptions = {}) =>
    producer.send<number>({ task: 'fib', args, schema, options });
  return { clock, runtime, producer, sent, send, sendFor, unobserved };
}
