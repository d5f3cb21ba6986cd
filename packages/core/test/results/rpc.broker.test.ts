import { once } from 'node:events';
import type { Options } from 'amqplib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer, queueState } from '../../../../test/support/broker.js';
import { type CuttingProxy, startProxy } from '../../../../test/support/cutting-proxy.js';
import { Connection } from '../../src/broker/connection.js';
import { workflowsTopology } from '../../src/broker/topology.js';
import { encodeReply, type FinalState, type Reply } from '../../src/protocol/reply.js';
import { Rpc } from '../../src/results/rpc.js';
import type { CallListener, QuestionListener } from '../../src/results/transport.js';
import { type TestRuntime, testRuntime } from '../test-runtime.js';

let peer: Peer;
let proxy: CuttingProxy;
let runtime: TestRuntime;
let connection: Connection;
let rpc: Rpc;
let queue: string;

beforeEach(async () => {
  [peer, proxy] = await Promise.all([openPeer(), startProxy(brokerUrl())]);
  runtime = testRuntime();
  connection = new Connection({ urls: [proxy.url], role: 'test', heartbeatS: 10, connectTimeoutMs: 5_000, runtime });
  queue = `${freshPrefix()}tq.reply.c1`;
  rpc = new Rpc({ connection, queue, maxWaiters: 3, runtime });
});

afterEach(async () => {
  await rpc.close();
  await connection.close();
  await Promise.all([proxy.stop(), peer.close()]);
});

/** A call that keeps what becomes of it. */
class Call implements CallListener {
  readonly replies: Reply[] = [];
  readonly errors: Error[] = [];
  #wake: (() => void) | undefined;

  confirmed(): void {}

  failed(error: Error): void {
    this.errors.push(error);
    this.#wake?.();
  }

  replied(reply: Reply): void {
    this.replies.push(reply);
    this.#wake?.();
  }

  /** Resolves when it was told so many things. */
  async told(count = 1): Promise<void> {
    while (this.replies.length + this.errors.length < count)
      await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

function register(id: string): Call {
  const call = new Call();
  rpc.register(id, call);
  return call;
}

function answer(id: string, state: FinalState): void {
  const { properties, body } = encodeReply(id, state);
  peer.channel.sendToQueue(queue, body, properties as Options.Publish);
}

function answerRaw(body: string, properties: Options.Publish = {}): void {
  peer.channel.sendToQueue(queue, Buffer.from(body), properties);
}

const success = (resultText: string): FinalState => ({ status: 'SUCCESS', resultText });

it('gives each reply to the call that it answers, in whatever order they come', async () => {
  await rpc.start();
  const [one, two] = [register('one'), register('two')];
  answer('two', success('2'));
  answer('nobody', success('0'));
  answer('one', success('1'));
  await one.told();
  expect(one.replies).toEqual([{ status: 'SUCCESS', taskId: 'one', value: 1 }]);
  expect(two.replies).toEqual([{ status: 'SUCCESS', taskId: 'two', value: 2 }]);
  await rpc.close();
  // Every reply was acked, also that of nobody: only an empty queue is deleted.
  expect(await queueState(peer, queue)).toBeUndefined();
});

it('keeps a call until its final reply, and forgets it then', async () => {
  await rpc.start();
  const call = register('one');
  answerRaw('{"task_id":"one","status":"STARTED"}');
  answerRaw('{"task_id":"one","status":"RETRY","result":{"exc_type":"E","exc_message":["x"]}}');
  answer('one', success('1'));
  answer('one', success('2'));
  const fence = register('fence');
  answer('fence', success('0'));
  await fence.told();
  expect(call.replies.map(({ status }) => status)).toEqual(['STARTED', 'RETRY', 'SUCCESS']);
});

it('gives a question the first message with its correlation id, as it came, and a call none but replies', async () => {
  await rpc.start();
  const call = register('call');
  const answers: string[] = [];
  let wake: () => void = () => undefined;
  const question: QuestionListener = {
    confirmed: () => undefined,
    failed: (error) => void answers.push(error.message),
    answered: ({ body, properties }) => {
      answers.push(`${body} ${properties.appId}`);
      wake();
    },
  };
  rpc.registerQuestion('asked', question);
  answerRaw('832040', { correlationId: 'nobody' });
  answer('asked', success('7'));
  answerRaw('of a later one', { correlationId: 'asked' });
  answer('call', success('1'));
  await call.told();
  expect(answers).toEqual([expect.stringContaining('"task_id":"asked"')]);
  rpc.registerQuestion('again', question);
  const answered = new Promise<void>((resolve) => (wake = resolve));
  answerRaw('832040', { correlationId: 'again', appId: 'fib' });
  await answered;
  expect(answers.at(-1)).toBe('832040 fib');
  expect(call.replies).toHaveLength(1);
  // Late answers are how a timeout ends.
  expect(runtime.lines.filter(({ level }) => level === 'warn')).toEqual([]);
});

describe('questions by an exchange', () => {
  const PREFIX = freshPrefix();
  const EXCHANGE = `${PREFIX}tq.workflows`;
  let asked: string[];
  let wake: () => void;
  beforeEach(() => {
    asked = [];
  });
  afterEach(() => peer.channel.deleteExchange(EXCHANGE));

  function take(): void {
    const onQuestion = ({ body }: { readonly body: Buffer }) => {
      asked.push(body.toString());
      wake();
    };
    rpc.takeQuestions({ type: 'q', topologyOf: (name) => workflowsTopology(PREFIX, name), take: onQuestion });
  }

  /** Resolves when it was taken; whoever binds is not waited for by anybody, so it is asked again until it is bound. */
  async function taken(text: string): Promise<void> {
    const done = new Promise<void>((resolve) => (wake = resolve));
    while (!(await publish(text)));
    await done;
  }

  /** @returns false when no queue took it */
  async function publish(text: string, type = 'q'): Promise<boolean> {
    const channel = await peer.connection.createConfirmChannel();
    channel.on('error', () => undefined);
    const returned = new Promise<boolean>((resolve) => channel.on('return', () => resolve(false)));
    const closed = new Promise<boolean>((resolve) => channel.on('close', () => resolve(false)));
    channel.publish(EXCHANGE, '', Buffer.from(text), { type, mandatory: true, persistent: false });
    const confirmed = channel.waitForConfirms().then(
      () => true,
      () => false,
    );
    const isTaken = await Promise.race([returned, closed, confirmed]);
    await channel.close().catch(() => undefined);
    return isTaken;
  }

  it('come from then on, by their type, and replies go on', async () => {
    await rpc.start();
    const call = register('one');
    take();
    await taken('how far?');
    await publish('something else', 'other');
    answer('one', success('1'));
    await call.told();
    expect(asked).toEqual(['how far?']);
    expect(call.replies).toHaveLength(1);
  });

  it('come also where they are taken first and the queue is consumed later', async () => {
    take();
    await rpc.start();
    await taken('how far?');
    expect(asked).toEqual(['how far?']);
  });

  it('come again after a reconnect, though exchange and queue were deleted meanwhile', async () => {
    take();
    await rpc.start();
    await taken('before');
    proxy.refuse();
    const gone = once(proxy.events, 'closed');
    proxy.cut();
    await gone;
    await peer.channel.deleteExchange(EXCHANGE);
    await peer.channel.deleteQueue(queue);
    await proxy.accept();
    await taken('after');
    expect(asked).toEqual(['before', 'after']);
  });

  it('do not come where the broker does not bind them: the log says so once, and replies come', async () => {
    const refused = { exchanges: [], queues: [], bindings: [{ exchange: `${EXCHANGE}.none`, queue, routingKey: '' }] };
    rpc.takeQuestions({ type: 'q', topologyOf: () => refused, take: () => undefined });
    await rpc.start();
    await runtime.logged(({ message }) => message.includes('tq workflow'));
    const gone = once(proxy.events, 'closed');
    proxy.cut();
    await gone;
    const call = register('one');
    answer('one', success('1'));
    await call.told();
    expect(call.replies).toHaveLength(1);
    expect(runtime.lines.filter(({ message }) => message.includes('tq workflow'))).toHaveLength(1);
  });
});

it('starts once, and is ready when its queue is consumed', async () => {
  expect([rpc.ready, rpc.queue]).toEqual([false, queue]);
  const started = rpc.start();
  expect(rpc.start()).toBe(started);
  expect(rpc.ready).toBe(false);
  await started;
  expect(rpc.ready).toBe(true);
  expect(await queueState(peer, queue)).toEqual({ messages: 0, consumers: 1 });
});

it('gives up the oldest call beyond its bound', async () => {
  await rpc.start();
  const calls = ['one', 'two', 'three', 'four'].map(register);
  expect(calls.map(({ errors }) => errors.length)).toEqual([1, 0, 0, 0]);
  expect(calls[0]?.errors[0]).toMatchObject({
    code: 'result-forgotten',
    fields: { taskId: 'one' },
    message: expect.stringContaining('More than 3 results'),
  });
  answer('one', success('1'));
  answer('two', success('2'));
  await calls[1]?.told();
  expect(calls[0]?.replies).toEqual([]);
});

it('drops the reply of a call that was given up', async () => {
  await rpc.start();
  const call = register('one');
  rpc.forget('one');
  answer('one', success('1'));
  const fence = register('fence');
  answer('fence', success('0'));
  await fence.told();
  expect([call.replies, call.errors]).toEqual([[], []]);
});

it.each(['no JSON', '[]', '{"status":"SUCCESS"}', '{"task_id":"one","status":7}'])(
  'a reply that nobody can read (%s) ends the call that it names and no other',
  async (body) => {
    await rpc.start();
    const [one, two] = [register('one'), register('two')];
    answerRaw(body, { correlationId: 'one' });
    answerRaw(body, { correlationId: 'nobody' });
    answerRaw(body);
    answer('two', success('2'));
    await two.told();
    expect(one.errors).toMatchObject([{ code: 'poison' }]);
    expect(two.errors).toEqual([]);
    expect(runtime.lines.filter(({ level }) => level === 'warn')).toHaveLength(3);
    await rpc.close();
    expect(await queueState(peer, queue)).toBeUndefined();
  },
);

it('gets what came while its connection was away', async () => {
  await rpc.start();
  const call = register('one');
  proxy.refuse();
  const gone = once(proxy.events, 'closed');
  proxy.cut();
  await gone;
  answer('one', success('1'));
  await proxy.accept();
  await call.told();
  expect(call.replies).toHaveLength(1);
});

it('tells every open call when its queue is gone after a reconnect, and goes on with a new one', async () => {
  await rpc.start();
  const calls = [register('one'), register('two')];
  proxy.refuse();
  const gone = once(proxy.events, 'closed');
  proxy.cut();
  await gone;
  await peer.channel.deleteQueue(queue);
  await proxy.accept();
  await Promise.all(calls.map((call) => call.told()));
  for (const call of calls) expect(call.errors).toMatchObject([{ code: 'replies-lost' }]);
  const next = register('three');
  // The calls are told before the queue is there again.
  await runtime.logged(({ message }) => message === 'connected', 2);
  while ((await queueState(peer, queue))?.consumers !== 1);
  answer('three', success('3'));
  await next.told();
  expect(next.replies).toHaveLength(1);
});

it('tells every open call when somebody deletes its queue under it', async () => {
  await rpc.start();
  const call = register('one');
  await peer.channel.deleteQueue(queue);
  await call.told();
  expect(call.errors).toMatchObject([{ code: 'replies-lost', fields: { taskId: 'one' } }]);
});

it('closed, it ends every open call and deletes its queue', async () => {
  await rpc.start();
  const call = register('one');
  await rpc.close();
  expect(call.errors).toMatchObject([{ code: 'closed', fields: { taskId: 'one' } }]);
  expect(await queueState(peer, queue)).toBeUndefined();
});

it('closed before its queue was consumed, it does not leave its start open', async () => {
  proxy.refuse();
  const started = expect(rpc.start()).rejects.toMatchObject({ code: 'closed' });
  await runtime.logged(({ level }) => level === 'warn');
  await rpc.close();
  await started;
});
