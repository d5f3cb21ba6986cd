import { expect, it } from 'vitest';
import { runKey } from '../src/run.js';
import { FakeDelivery, runOf, taskMessage } from './messages.js';

it('lives as long as one of its deliveries does, and settles all of them', () => {
  const log: string[] = [];
  const { run, delivery } = runOf(log);
  const second = new FakeDelivery(log, 'second');
  run.attach(second);
  delivery.lease.alive = false;
  expect(run.alive).toBe(true);
  run.ack();
  expect(log).toEqual(['ack second']);
  second.lease.alive = false;
  expect(run.alive).toBe(false);
  const third = new FakeDelivery(log, 'third');
  run.attach(third);
  expect(run.alive).toBe(true);
  run.requeue();
  expect(log).toEqual(['ack second', 'requeue third']);
});

it('hands its living deliveries over to a run of the same task, and is left without any', () => {
  const log: string[] = [];
  const { run, delivery } = runOf(log);
  delivery.lease.alive = false;
  expect(run.surrender()).toBeUndefined();
  for (const name of ['second', 'third']) run.attach(new FakeDelivery(log, name));
  const over = run.surrender();
  expect([over?.key, over?.alive, run.alive]).toEqual([run.key, true, false]);
  run.ack();
  expect(log).toEqual([]);
  over?.ack();
  expect(log).toEqual(['ack second', 'ack third']);
});

it.each([
  [{}, true],
  [{ ignoreResult: true }, false],
  [{ replyTo: undefined }, false],
])('with %j a reply is wanted: %s', (more, wanted) => {
  expect(runOf([], more).run.publishes).toBe(wanted);
});

it('a redelivery is the same run; a retry, and the copy that follows a loss, are others', () => {
  const key = runKey('q', taskMessage());
  expect(runKey('q', taskMessage({ earlierDeliveries: 2 }))).toBe(key);
  expect(runKey('q', taskMessage({ id: 'i2' }))).not.toBe(key);
  expect(runKey('q', taskMessage({ retries: 1 }))).not.toBe(key);
  expect(runKey('q', taskMessage({ lost: 1 }))).not.toBe(key);
  expect(runKey('other', taskMessage())).not.toBe(key);
});
