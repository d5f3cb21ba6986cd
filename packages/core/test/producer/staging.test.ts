import { expect, it } from 'vitest';
import { PublishError, TqError } from '../../src/errors.js';
import { Staging } from '../../src/producer/staging.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Deadlines } from '../../src/time/deadlines.js';

function setup(messages = 10) {
  const clock = new ManualClock();
  const state = { holds: 0, lastError: undefined as Error | undefined };
  const staging = new Staging({
    clock,
    deadlines: new Deadlines(clock, 1),
    limits: { messages, bytes: 1_000 },
    hold: () => {
      state.holds++;
      return () => {
        state.holds--;
      };
    },
  });
  const told: unknown[] = [];
  const stage = (name: string, ready: Promise<void>, timeoutMs = 1_000, signal?: AbortSignal) =>
    staging.add({
      ready,
      timeoutMs,
      signal,
      lastError: () => state.lastError,
      onReady: (remainingMs) => told.push([name, remainingMs]),
      onFailed: (error) => told.push([name, error]),
    });
  return { clock, state, staging, stage, told };
}

function gate() {
  let open: () => void = () => undefined;
  let refuse: (error: Error) => void = () => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    open = resolve;
    refuse = reject;
  });
  return { ready, open, refuse };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const code = (name: string) => expect.objectContaining({ code: name });

it('lets a call go on when it is ready, with what is left of its time', async () => {
  const { clock, state, staging, stage, told } = setup();
  const { ready, open } = gate();
  stage('a', ready);
  stage('b', ready, 400);
  expect([staging.size, state.holds]).toEqual([2, 1]);
  clock.advance(300);
  open();
  await turn();
  expect(told).toEqual([
    ['a', 700],
    ['b', 100],
  ]);
  expect([staging.size, state.holds]).toEqual([0, 0]);
  clock.advance(10_000);
  expect(told).toHaveLength(2);
});

it('ends a call whose time is over, says why, and does not let it go on afterwards', async () => {
  const { clock, state, stage, told } = setup();
  const { ready, open } = gate();
  stage('a', ready, 100);
  stage('b', ready, 200);
  clock.advance(100);
  expect(told).toEqual([['a', code('publish-timeout')]]);
  expect(String((told[0] as unknown[])[1])).toContain('the queue could not be looked at');
  state.lastError = new Error('No connection to amqp://host: ECONNREFUSED');
  clock.advance(100);
  expect(told[1]).toEqual(['b', expect.objectContaining({ cause: state.lastError, outcomeUnknown: false })]);
  expect(String((told[1] as unknown[])[1])).toMatch(/within 200 ?ms: No connection/);
  open();
  await turn();
  expect(told).toHaveLength(2);
});

it('ends a call with its signal, aborted before or later', async () => {
  const { stage, told, state } = setup();
  const { ready, open } = gate();
  const reason = new Error('mine');
  stage('before', ready, 1_000, AbortSignal.abort(reason));
  expect(told).toEqual([]);
  await turn();
  const abort = new AbortController();
  stage('later', ready, 1_000, abort.signal);
  abort.abort(reason);
  open();
  await turn();
  expect(told).toEqual([
    ['before', expect.objectContaining({ code: 'publish-aborted', cause: reason })],
    ['later', expect.objectContaining({ code: 'publish-aborted', cause: reason })],
  ]);
  expect(state.holds).toBe(0);
});

it('an abort after a call went on is nothing to it', async () => {
  const { stage, told } = setup();
  const abort = new AbortController();
  stage('a', Promise.resolve(), 1_000, abort.signal);
  await turn();
  abort.abort();
  expect(told).toEqual([['a', 1_000]]);
});

it('fails a call with what its queue failed of', async () => {
  const { stage, told } = setup();
  const { ready, refuse } = gate();
  stage('a', ready);
  const error = new TqError('declaration-conflict', 'the queue is another');
  refuse(error);
  await turn();
  expect(told).toEqual([['a', expect.any(PublishError)]]);
  expect(told).toMatchObject([['a', { code: 'declaration-conflict', message: error.message, outcomeUnknown: false }]]);
});

it('takes no more calls than its limit, and says when there is room again', async () => {
  const { staging, stage, told } = setup(2);
  const { ready, open } = gate();
  expect(staging.room()).toBeUndefined();
  for (const name of ['a', 'b', 'c']) stage(name, ready);
  expect(told).toEqual([]);
  await turn();
  expect(told).toEqual([['c', code('outbox-full')]]);
  let told1 = false;
  const room = staging.room()?.then(() => {
    told1 = true;
  });
  await turn();
  expect(told1).toBe(false);
  open();
  await room;
  expect(staging.room()).toBeUndefined();
});

it('drains when nothing waits any more', async () => {
  const { clock, staging, stage } = setup();
  await staging.drain();
  stage('a', gate().ready, 100);
  let drained = false;
  const draining = staging.drain().then(() => {
    drained = true;
  });
  await turn();
  expect(drained).toBe(false);
  clock.advance(100);
  await draining;
});

it('takes the end of what a refused call waited for as nobody else does', async () => {
  const { stage, told } = setup(1);
  stage('a', gate().ready);
  const { ready, refuse } = gate();
  stage('b', ready);
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  refuse(new TqError('invalid-args', 'late'));
  await turn();
  await turn();
  process.off('unhandledRejection', note);
  expect(told).toEqual([['b', code('outbox-full')]]);
  expect(unhandled).toEqual([]);
});

it('ends a call that breaks when it goes on', async () => {
  const told: unknown[] = [];
  const { staging } = setup();
  staging.add({
    ready: Promise.resolve(),
    timeoutMs: 1_000,
    signal: undefined,
    lastError: () => undefined,
    onReady: () => {
      throw new RangeError('a header that cannot be read');
    },
    onFailed: (error) => told.push(error),
  });
  await turn();
  expect(told).toEqual([code('invalid-option')]);
  expect(staging.size).toBe(0);
});
