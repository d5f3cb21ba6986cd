import type { Lease } from '@tq/core/internal';
import { ManualClock } from '@tq/core/testing';
import { expect, it } from 'vitest';
import { testRuntime } from '../../core/test/test-runtime.js';
import { ConsumerTimeouts } from '../src/consumer-timeouts.js';
import type { Run } from '../src/run.js';
import { FakeDelivery, runOf } from './messages.js';

/** The broker's consumer_timeout, and when a run is given up before it, ms. */
const TIMEOUT = 10_000;
const DEADLINE = 9_000;

function setup({ long = true } = {}) {
  const clock = new ManualClock();
  const { logger, lines } = testRuntime(clock);
  const log: string[] = [];
  const runs: Run[] = [];
  const timeouts = new ConsumerTimeouts({
    queue: 'math',
    long,
    executor: {
      heldBy: (lease) => runs.filter((run) => run.state === 'running' && run.heldBy(lease)),
      giveUp: ({ task }, { code }) => void log.push(`end ${task.id} ${code}`),
    },
    bury: (over, error) => {
      log.push(`bury ${over.task.id}: ${error.message}`);
      over.ack();
    },
    clock,
    logger,
  });
  const running = (id: string, startedAt = 1) => {
    const made = runOf(log, { id });
    Object.assign(made.run, { state: 'running', startedAt });
    runs.push(made.run);
    return made;
  };
  /** The channel of a delivery is closed for its age. */
  const timeOut = (delivery: { readonly lease: { alive: boolean } & Lease }) => {
    delivery.lease.alive = false;
    timeouts.timedOut(delivery.lease, TIMEOUT);
  };
  const redeliver = (run: Run, name = 'redelivery') => {
    const delivery = new FakeDelivery(log, name);
    run.attach(delivery);
    timeouts.joined(run);
    return delivery;
  };
  return { clock, log, lines, timeouts, running, timeOut, redeliver };
}

it('gives a run up shortly before its second delivery times out: dead letter, ack, and the end of its child', () => {
  const { clock, log, running, timeOut, redeliver } = setup();
  const { run, delivery } = running('a');
  timeOut(delivery);
  redeliver(run);
  clock.advance(DEADLINE - 1);
  expect(log).toEqual([]);
  clock.advance(1);
  expect(log).toEqual([
    expect.stringMatching(/^bury a: Task 'fib' had to end within two .*10000 ms.*timeLimit.*rabbitmq.conf/),
    'ack redelivery',
    'end a consumer-timeout',
  ]);
  expect(run.alive).toBe(false);
});

it('counts from a redelivery that came before the end of the channel was known', () => {
  const { clock, log, running, timeOut, redeliver } = setup();
  const { run, delivery } = running('a');
  redeliver(run);
  timeOut(delivery);
  clock.advance(DEADLINE);
  expect(log).toContain('end a consumer-timeout');
});

it('keeps at most 30 s before a long timeout', () => {
  const { clock, log, running, timeouts, redeliver } = setup();
  const { run, delivery } = running('a');
  delivery.lease.alive = false;
  timeouts.timedOut(delivery.lease, 1_800_000);
  redeliver(run);
  clock.advance(1_769_999);
  expect(log).toEqual([]);
  clock.advance(1);
  expect(log).toContain('end a consumer-timeout');
});

it('gives a run up at once whose second delivery has timed out all the same, when it is delivered again', () => {
  const { clock, log, running, timeOut, redeliver } = setup();
  const { run, delivery } = running('a');
  timeOut(delivery);
  timeOut(redeliver(run, 'second'));
  clock.advance(TIMEOUT);
  expect(log).toEqual([]);
  redeliver(run, 'third');
  clock.advance(0);
  expect(log.slice(1)).toEqual(['ack third', 'end a consumer-timeout']);
});

it('buries what is delivered again of a run that was given up and does not end', () => {
  const { clock, log, running, timeOut, redeliver } = setup();
  const { run, delivery } = running('a');
  timeOut(delivery);
  redeliver(run);
  clock.advance(DEADLINE);
  log.length = 0;
  redeliver(run, 'again');
  clock.advance(0);
  expect(log.slice(1)).toEqual(['ack again', 'end a consumer-timeout']);
});

it.each(['waiting', 'settling'] as const)('leaves a run alone that is %s', (state) => {
  const { clock, log, lines, running, timeOut, redeliver } = setup();
  const { run, delivery } = running('a');
  run.state = state;
  timeOut(delivery);
  redeliver(run);
  run.timeouts = 1;
  redeliver(run);
  clock.advance(TIMEOUT);
  expect([log, lines]).toEqual([[], []]);
});

it('leaves a run alone that was redelivered after another loss', () => {
  const { clock, log, running, redeliver } = setup();
  const { run, delivery } = running('a');
  delivery.lease.alive = false;
  redeliver(run);
  clock.advance(TIMEOUT);
  expect(log).toEqual([]);
});

it('on a queue of short tasks names the one that ran longest, and what to do, and ends nothing', () => {
  const { clock, log, lines, timeouts, running } = setup({ long: false });
  const young = running('young', 5);
  const old = running('old', 2);
  const lease = { alive: false };
  for (const { run } of [young, old]) run.attach(Object.assign(new FakeDelivery(log), { lease }));
  timeouts.timedOut(lease, TIMEOUT);
  expect(lines).toEqual([
    {
      level: 'warn',
      fields: { queue: 'math', id: 'old', task: 'fib', timeoutMs: TIMEOUT },
      message: expect.stringMatching(/longer than the broker's consumer_timeout.*longTasks \(--long-tasks\)/),
    },
  ]);
  timeouts.joined(old.run);
  clock.advance(TIMEOUT);
  expect(log).toEqual([]);
});
