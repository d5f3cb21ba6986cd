import { expect, it } from 'vitest';
import { createDeferred } from '../../src/deferred.js';
import type { Follower } from '../../src/results/transport.js';
import { MISSING, setup, turn } from './broker-transport-setup.js';

const chords = [{ queue: 'chord', expiresMs: 1_000 }];

/** A later step that notes what it is told. */
function follower(taskId: string, told: unknown[]): Follower {
  const note = (what: string) => (given?: unknown) => told.push([taskId, what, given]);
  return { taskId, listener: { confirmed: note('confirmed'), failed: note('failed'), replied: note('replied') } };
}

it('declares the queue of a chord once, before the first of its calls is published', async () => {
  const { log, send, state } = setup();
  const gate = createDeferred();
  state.gate = gate.promise;
  send({ id: 'a' }, undefined, { chords });
  send({ id: 'b' }, undefined, { chords });
  await turn();
  expect(log).toEqual(['look q', 'declare chord']);
  gate.resolve();
  await turn();
  expect(log.slice(2)).toEqual(['register a', 'publish q', 'register b', 'publish q']);
  send({ id: 'c' }, undefined, { chords });
  expect(log.slice(6)).toEqual(['register c', 'publish q']);
});

it('declares the queue of a chord again until a connection that holds has it', async () => {
  const { clock, log, send, state, runtime } = setup();
  state.declared = new Error('Connection closed');
  send({}, undefined, { chords });
  await turn();
  expect(runtime.lines.map(({ message }) => message)).toEqual([
    'cannot declare the queues of chords yet; trying again',
  ]);
  state.declared = undefined;
  clock.advance(1);
  await turn();
  expect(log).toEqual(['look q', 'declare chord', 'declare chord', 'register i1', 'publish q']);
});

it('takes a queue of a chord that is there in another way, since its canvas was sent before', async () => {
  const { log, send, state, told } = setup();
  send();
  await turn();
  const text = "PRECONDITION_FAILED - inequivalent arg 'x-expires' for queue 'chord': received '1' but current is '2'";
  state.declared = Object.assign(new Error(text), { code: 406 });
  send({}, undefined, { chords });
  await turn();
  expect(log.slice(3)).toEqual(['declare chord', 'register i1', 'publish q']);
  expect(told).toEqual([]);
});

it('fails calls whose chord may not have its queue', async () => {
  const { send, state, told } = setup();
  state.declared = Object.assign(new Error('ACCESS_REFUSED'), { code: 403 });
  send({}, undefined, { chords });
  await turn();
  expect(told).toEqual([expect.objectContaining({ name: 'PublishError', code: 'queue-missing' })]);
});

it('waits for what follows a call before it publishes that', async () => {
  const { log, send } = setup();
  send({}, undefined, { followers: [follower('next', []), follower('last', [])] });
  await turn();
  expect(log).toEqual(['look q', 'register i1', 'register next', 'register last', 'publish q']);
});

it('names its reply queue for what follows, though nobody asks for the result of the call itself', async () => {
  const { log, send, published, state, startConsuming } = setup();
  state.rpcReady = false;
  send({ ignoreResult: true }, undefined, { followers: [follower('next', [])] });
  await turn();
  startConsuming();
  await turn();
  expect(log).toEqual(['look q', 'register next', 'publish q']);
  expect(published[0]?.message.properties).toMatchObject({ replyTo: 'replies', headers: { ignore_result: true } });
});

it('tells whoever waits for what follows that the call was not published', async () => {
  const { log, send, published, state, told } = setup();
  const later: unknown[] = [];
  send({}, undefined, { followers: [follower('next', later), follower('last', later)] });
  await turn();
  state.look = MISSING;
  state.declared = Object.assign(new Error('ACCESS_REFUSED'), { code: 403 });
  published[0]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  await turn();
  expect(log.slice(-3)).toEqual(['forget i1', 'forget next', 'forget last']);
  const error = expect.objectContaining({ code: 'queue-missing' });
  expect(told).toEqual([error]);
  expect(later).toEqual([
    ['next', 'failed', error],
    ['last', 'failed', error],
  ]);
});
