import { expect, it } from 'vitest';
import { setup, turn } from './broker-transport-setup.js';

it('a delayed call waits for the ladder alone, and its delay is what is left when it is written', async () => {
  const { clock, log, send, published, state } = setup();
  let done: () => void = () => undefined;
  state.delaysReady = new Promise((resolve) => {
    done = resolve;
  });
  send({}, undefined, { eta: clock.wallTime() + 500 });
  expect(log).toEqual(['delays ready for "q"']);
  clock.advance(100);
  done();
  await turn();
  expect(published[0]?.routeNow?.()).toEqual({ exchange: 'ladder', routingKey: '"q" 400' });
  clock.advance(150);
  expect(published[0]?.routeNow?.()).toEqual({ exchange: 'ladder', routingKey: '"q" 250' });
  clock.advance(250);
  expect(published[0]?.routeNow?.()).toEqual({ exchange: '', routingKey: 'q' });
});

it('a call whose eta is past looks at its queue as others do', async () => {
  const { clock, log, send, published } = setup();
  send({}, undefined, { eta: clock.wallTime() });
  await turn();
  expect(log).toEqual(['look q', 'register i1', 'publish ']);
  expect(published[0]?.routeNow?.()).toEqual({ exchange: '', routingKey: 'q' });
});

it('a delayed call that is returned prepares the delays anew and is published once more', async () => {
  const { clock, log, send, published, told } = setup();
  send({}, undefined, { eta: clock.wallTime() + 500 });
  published[0]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  await turn();
  expect(log.filter((line) => line.startsWith('delays'))).toEqual([
    'delays ready for "q"',
    'delays forgotten',
    'delays ready for "q"',
  ]);
  published[1]?.onEnd({ kind: 'returned', code: 404, text: 'NOT_FOUND' });
  expect([published.length, told]).toEqual([2, [expect.objectContaining({ code: 'unroutable' })]]);
});

it('a call to an exchange looks at nothing, and one that it brings nowhere is not published again', async () => {
  const { clock, log, send, published, told } = setup();
  const target = { exchange: 'events', routingKey: 'k' };
  send({}, undefined, { target });
  expect(log).toEqual(['register i1', 'publish k']);
  published[0]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  send({}, undefined, { target });
  published[1]?.onEnd({ kind: 'returned', code: 404, text: "no exchange 'events'" });
  expect(told).toEqual([
    expect.objectContaining({ code: 'unroutable', fields: target }),
    expect.objectContaining({ code: 'exchange-missing', fields: target }),
  ]);
  send({}, undefined, { target, eta: clock.wallTime() + 10 });
  expect(published[2]?.routeNow?.()).toEqual({ exchange: 'ladder', routingKey: `${JSON.stringify(target)} 10` });
});

it('a call to an exchange of the options looks once, and one that it brings nowhere declares it and is published once more', async () => {
  const { log, send, published, told } = setup();
  const way = { target: { exchange: 'mine', routingKey: 'k' } };
  send({}, undefined, way);
  await turn();
  send({}, undefined, way);
  expect(log).toEqual(['look mine', 'register i1', 'publish k', 'register i1', 'publish k']);
  published[0]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  await turn();
  expect(log.slice(5)).toEqual(['declare mine', 'register i1', 'publish k']);
  published[2]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  expect(told).toEqual([expect.objectContaining({ code: 'unroutable' })]);
});

it('a caller who may not declare the exchange is told that it leads nowhere', async () => {
  const { send, published, state, told } = setup();
  state.declared = Object.assign(new Error('access to exchange refused'), { code: 403 });
  send({}, undefined, { target: { exchange: 'mine', routingKey: 'k' } });
  await turn();
  for (const at of [0, 1]) {
    published[at]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
    await turn();
  }
  expect(told).toEqual([expect.objectContaining({ code: 'unroutable' })]);
});
