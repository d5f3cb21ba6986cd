import { expect, it } from 'vitest';
import { AWAY, MISSING, setup, turn } from './broker-transport-setup.js';

it('looks at a queue once, and registers the waiter before it publishes', async () => {
  const { log, send, published, told } = setup();
  send();
  await turn();
  send();
  expect(log).toEqual(['look q', 'register i1', 'publish q', 'register i1', 'publish q']);
  expect(published[0]).toMatchObject({
    exchange: '',
    routingKey: 'q',
    message: { properties: { replyTo: 'replies' } },
  });
  published[0]?.onEnd({ kind: 'confirmed' });
  expect(told).toEqual(['confirmed']);
});

it('waits until its reply queue is consumed, with what is then left of its time', async () => {
  const { clock, log, send, published, state, startConsuming } = setup();
  state.rpcReady = false;
  send();
  await turn();
  expect(log).toEqual(['look q']);
  clock.advance(400);
  startConsuming();
  await turn();
  expect(log).toEqual(['look q', 'register i1', 'publish q']);
  expect(published[0]?.timeoutMs).toBe(600);
});

it('a call without a result waits for no reply queue and names none', async () => {
  const { log, send, published, state } = setup();
  state.rpcReady = false;
  send({ ignoreResult: true });
  await turn();
  expect(log).toEqual(['look q', 'publish q']);
  expect(published[0]?.message.properties.replyTo).toBeUndefined();
});

it('declares the queue that is missing', async () => {
  const { log, send, state } = setup();
  state.look = MISSING;
  send();
  await turn();
  expect(log).toEqual(['look q', 'declare q', 'register i1', 'publish q']);
});

it('a declaration that is refused fails published and the result, and the next call looks again', async () => {
  const { log, send, state, told } = setup();
  state.look = MISSING;
  state.declared = Object.assign(new Error('access to queue refused'), { code: 403 });
  send();
  await turn();
  expect(told).toEqual([expect.objectContaining({ code: 'queue-missing' })]);
  expect(log).toEqual(['look q', 'declare q', 'forget i1']);
  state.look = undefined;
  send();
  await turn();
  expect(log.slice(3)).toEqual(['look q', 'register i1', 'publish q']);
});

it('waits for a queue whose node is away', async () => {
  const { clock, log, send, state, runtime } = setup();
  state.look = AWAY;
  send();
  await turn();
  expect(log).toEqual(['look q']);
  clock.advance(0);
  await turn();
  expect(log).toEqual(['look q', 'look q']);
  expect(runtime.lines.map(({ message }) => message)).toContain('cannot look at the destination yet; trying again');
  state.look = undefined;
  clock.advance(0);
  await turn();
  expect(log.slice(2)).toEqual(['look q', 'register i1', 'publish q']);
});

it('gives up on a queue that is away when the time of the call is over', async () => {
  const { clock, send, state, told, log } = setup();
  state.look = AWAY;
  send();
  await turn();
  clock.advance(1_000);
  await turn();
  expect(told).toEqual([expect.objectContaining({ code: 'publish-timeout', outcomeUnknown: false })]);
  const looks = log.length;
  clock.advance(60_000);
  await turn();
  expect(log.length).toBe(looks);
});

it('a returned call looks again and is published once more, and then it is unroutable', async () => {
  const { log, send, published, told, state } = setup();
  send();
  await turn();
  state.look = MISSING;
  published[0]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  await turn();
  expect(log.slice(3)).toEqual(['look q', 'declare q', 'register i1', 'publish q']);
  expect(published[1]?.message).toEqual(published[0]?.message);
  published[1]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  expect(told).toEqual([
    expect.objectContaining({ code: 'unroutable', message: expect.stringContaining('312 NO_ROUTE') }),
  ]);
  expect(log.at(-1)).toBe('forget i1');
});

it('a failed publish reaches the listener, and its waiter is forgotten', async () => {
  const { log, send, published, told } = setup();
  send();
  await turn();
  const error = Object.assign(new Error('nacked'), { code: 'publish-nacked' });
  published[0]?.onEnd({ kind: 'failed', error: error as never });
  expect(told).toEqual([error]);
  expect(log.at(-1)).toBe('forget i1');
});

it('asks the broker once for all who want to know at the same time, and anew for who comes later', async () => {
  const { log, transport } = setup();
  const looks = () => log.filter((line) => line === 'look q').length;
  const answers = await Promise.all([transport.queueStatus('q'), transport.queueStatus('q')]);
  expect(answers).toEqual([answers[0], answers[0]]);
  expect(looks()).toBe(1);
  await transport.queueStatus('q');
  expect(looks()).toBe(2);
});

it('tells what the broker says of a queue, and nothing when it does not answer in time', async () => {
  const { clock, transport, state } = setup();
  expect(await transport.queueStatus('q')).toEqual({ messages: 3, consumers: 1, caughtUp: true });
  state.look = MISSING;
  expect(await transport.queueStatus('q')).toEqual({ messages: 0, consumers: 0, caughtUp: true });
  state.mute = true;
  const asked = transport.queueStatus('q');
  clock.advance(2_000);
  expect(await asked).toBeUndefined();
});
