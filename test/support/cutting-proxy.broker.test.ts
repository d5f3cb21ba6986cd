import { type EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, queueState, receive, takeAll } from './broker.js';
import { type CuttingProxy, startProxy } from './cutting-proxy.js';

let proxy: CuttingProxy;
let arrived: Socket[];
let target: ReturnType<typeof createServer>;

beforeEach(async () => {
  arrived = [];
  target = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => socket.write(`echo ${data}`));
    socket.on('end', () => socket.end());
    arrived.push(socket);
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  proxy = await startProxy(`amqp://user:secret@127.0.0.1:${(target.address() as AddressInfo).port}/vhost`);
});

afterEach(async () => {
  await proxy.stop();
  for (const socket of arrived) socket.destroy();
  target.close();
  await once(target, 'close');
});

async function dial(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await Promise.all([once(proxy.events, 'connected'), once(socket, 'connect')]);
  return socket;
}

async function say(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [data] = await once(socket, 'data');
  return String(data);
}

test('forwards both ways, keeps the rest of the URL, and passes an end on', async () => {
  const socket = await dial();
  expect(proxy.url).toBe(`amqp://user:secret@127.0.0.1:${proxy.port}/vhost`);
  expect(await say(socket, 'hello')).toBe('echo hello');
  expect(proxy.connections()).toBe(1);
  const closed = once(proxy.events, 'closed');
  socket.end();
  await Promise.all([closed, closeOf(socket)]);
  expect(proxy.connections()).toBe(0);
});

test('a cut resets both sides, and the next connection works', async () => {
  const socket = await dial();
  await say(socket, 'hello');
  const upstream = arrived[0];
  if (upstream === undefined) throw new Error('expected the target to have the connection');
  const gone = Promise.all([once(proxy.events, 'closed'), closeOf(socket), closeOf(upstream)]);
  expect(proxy.cut()).toBe(1);
  await gone;
  expect(proxy.connections()).toBe(0);
  expect(await say(await dial(), 'again')).toBe('echo again');
});

test('a cut of those who have said something leaves the others', async () => {
  const [one, other] = [await dial(), await dial()];
  await say(one, 'I am one');
  await say(other, 'I am another');
  const gone = closeOf(one);
  expect(proxy.cut('am one')).toBe(1);
  await gone;
  expect(await say(other, 'still here')).toBe('echo still here');
  expect(proxy.cut('nobody')).toBe(0);
});

test('frozen, it holds data and new connections back on open sockets; thawed, both go through', async () => {
  const old = await dial();
  await say(old, 'hello');
  proxy.freeze();
  const mute = await dial();
  let heard = 0;
  for (const socket of [old, mute]) socket.on('data', () => heard++);
  old.write('held');
  mute.write('mute');
  // Another proxy shows that time enough has passed: its round trip goes through the same event loop and target.
  await using open = await startProxy(
    proxy.url.replace(String(proxy.port), String((target.address() as AddressInfo).port)),
  );
  const witness = connect({ port: open.port, host: '127.0.0.1' });
  await say(witness, 'witness');
  witness.destroy();
  expect(heard).toBe(0);
  expect(arrived).toHaveLength(2);
  expect(proxy.connections()).toBe(2);
  expect([old.destroyed, mute.destroyed]).toEqual([false, false]);
  const answers = Promise.all([once(old, 'data'), once(mute, 'data')]);
  proxy.thaw();
  expect((await answers).map(([data]) => String(data))).toEqual(['echo held', 'echo mute']);
});

test('the end of the target stays unseen while frozen and arrives with the thaw', async () => {
  const socket = await dial();
  await say(socket, 'hello');
  proxy.freeze();
  arrived[0]?.destroy();
  await say(await dialTarget(), 'witness');
  expect(socket.destroyed).toBe(false);
  const ended = once(socket, 'end');
  socket.resume();
  proxy.thaw();
  await ended;
});

/** Waits for `close` alone: `once` would reject at the error that comes before it. */
function closeOf(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once('close', () => resolve()));
}

async function dialTarget(): Promise<Socket> {
  const socket = connect({ port: (target.address() as AddressInfo).port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}

test('refusing turns new connections away and leaves open ones; accepting takes them on the same port', async () => {
  const old = await dial();
  await say(old, 'hello');
  proxy.refuse();
  const refused = connect({ port: proxy.port, host: '127.0.0.1' });
  const [error] = await once(refused, 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  expect(await say(old, 'still')).toBe('echo still');
  await proxy.accept();
  expect(await say(await dial(), 'new')).toBe('echo new');
});

test('an AMQP client works through it and notices the cut', async () => {
  await using through = await startProxy(brokerUrl());
  await using peer = await openPeer(through.url);
  await using direct = await openPeer();
  const queue = `${freshPrefix()}proxied`;
  await peer.channel.assertQueue(queue, { durable: true });
  for (const body of ['1', '2', '3']) peer.channel.sendToQueue(queue, Buffer.from(body));
  expect((await receive(direct, queue, 2)).map((message) => String(message.content))).toEqual(['1', '2']);
  expect(await queueState(direct, queue)).toEqual({ messages: 1, consumers: 0 });
  expect((await takeAll(direct, queue)).map((message) => String(message.content))).toEqual(['3']);
  const closed = closeOf(peer.connection);
  through.cut();
  await closed;
});
