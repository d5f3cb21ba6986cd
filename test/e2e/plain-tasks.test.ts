import type { ConsumeMessage } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { queueState, receive } from '../support/broker.js';
import { errorOf, failed, openCaller, replied, settled, shown, startWorker, textOf } from './fixtures/plain-scene.js';
import type * as tasks from './fixtures/plain-tasks.js';
import { openApp, problems } from './fixtures/test-app.js';

describe.each(['async', 'thread', 'process'] as const)('pool %s', (pool) => {
  it('answers JSON with JSON and text with text, and echoes a correlation id that there is', async () => {
    await using test = openApp();
    await using caller = await openCaller(test);
    await using _ = await startWorker(test.app, { pool, concurrency: 1 });
    caller.send('rpc', '30', { correlationId: 'c1' });
    caller.send('rpc', ' 10\n', { contentType: 'text/plain', priority: 3 });
    expect((await caller.next(2)).map(shown)).toEqual([replied('832040', { correlationId: 'c1' }), replied('55')]);
    caller.send('texts', '30', { correlationId: 'c1' });
    caller.send('texts', '');
    expect((await caller.next(2)).map(shown)).toEqual([
      replied('30!', { correlationId: 'c1', contentType: 'text/plain' }),
      replied('', { contentType: 'text/plain' }),
    ]);
    expect(problems(test.lines)).toEqual([]);
  });

  it('tells the handler what the message says of itself, also when it is tried again', async () => {
    await using test = openApp({ delayUnit: 10 });
    const { prefix } = test;
    await using caller = await openCaller(test);
    await using _ = await startWorker(test.app, { pool });
    await caller.channel.assertExchange(`${prefix}logs`, 'topic', { autoDelete: true });
    await caller.channel.bindQueue(`${prefix}about`, `${prefix}logs`, 'kern.#');
    const headers = { id: 7, retries: 9, eta: 'noon', lang: 'pascal', nested: { list: [1, null, true] } };
    const properties = { type: 't1', appId: 'a1', messageId: 'm1', correlationId: 'c1', contentType: 'x/y' };
    const options = { ...properties, timestamp: 1_700_000_000, headers, replyTo: caller.replies, priority: 4 };
    caller.channel.publish(`${prefix}logs`, 'kern.error', Buffer.from('{"failures":2}'), options);
    const [reply, ...others] = await caller.next(1);
    expect(others).toEqual([]);
    expect(JSON.parse(textOf(reply as ConsumeMessage))).toEqual({
      attempt: 3,
      message: {
        ...{ exchange: `${prefix}logs`, routingKey: 'kern.error', ...properties, headers },
        timestamp: '2023-11-14T22:13:20.000Z',
      },
      headers,
      errors: ['RangeError: try 1', 'RangeError: try 2'],
    });
    expect(reply?.properties).toMatchObject({ correlationId: 'c1', contentType: 'application/json' });
  });
});

describe('a queue of plain tasks', () => {
  it('takes calls beside plain messages', async () => {
    await using test = openApp();
    await using caller = await openCaller(test);
    await using _ = await startWorker(test.app);
    const fib = test.app.declareTask<typeof tasks.fib>('fib', { queue: 'rpc' });
    const result = fib.delay(20);
    caller.send('rpc', '10');
    expect([await result.get(), ...(await caller.next(1)).map(textOf)]).toEqual([6765, '55']);
    // A program of Celery's that is no tq, with a message that cannot be read.
    caller.send('rpc', '[', {
      headers: { task: 'fib', id: 'i1' },
      correlationId: 'i1',
      contentType: 'application/json',
    });
    const [reply] = await caller.next(1);
    expect(JSON.parse(textOf(reply as ConsumeMessage))).toMatchObject({ task_id: 'i1', status: 'FAILURE' });
  });

  it('acks what wants no reply, and what wants one that nobody waits for any more', async () => {
    await using test = openApp();
    await using caller = await openCaller(test);
    await using worker = await startWorker(test.app);
    caller.send('rpc', '10', { replyTo: '' });
    caller.send('rpc', '10', { replyTo: `${test.prefix}gone` });
    caller.send('rpc', '10', { replyTo: 'amq.rabbitmq.reply-to.gone' });
    caller.send('rpc', '11');
    expect((await caller.next(1)).map(textOf)).toEqual(['89']);
    await settled(test.app, worker, 'rpc');
    expect(problems(test.lines)).toEqual([]);
    expect(test.lines.filter(({ message }) => /reply queue is gone/.test(message))).toHaveLength(2);
  });

  it('answers over direct reply-to', async () => {
    await using test = openApp();
    await using caller = await openCaller(test);
    await using worker = await startWorker(test.app);
    const replies: object[] = [];
    const wait = { noAck: true };
    await caller.channel.consume(
      'amq.rabbitmq.reply-to',
      (reply) => void replies.push(reply ? shown(reply) : {}),
      wait,
    );
    const ran = new Promise((resolve) => worker.on('task:succeeded', resolve));
    caller.send('rpc', '12', { replyTo: 'amq.rabbitmq.reply-to', correlationId: 'c' });
    await ran;
    await settled(test.app, worker, 'rpc');
    expect(replies).toEqual([replied('144', { correlationId: 'c' })]);
  });

  it('runs the function that a message names, and leaves what names none as a dead letter', async () => {
    await using test = openApp();
    await using caller = await openCaller(test);
    await using _ = await startWorker(test.app);
    caller.send('several', '5', { appId: 'square', correlationId: '1' });
    caller.send('several', '6', { appId: 'unheard-of', correlationId: '2' });
    caller.send('several', '7', { type: 'square', correlationId: '3' });
    // Of the same worker, but for calls alone.
    caller.send('several', '8', { appId: 'secret', correlationId: '4' });
    caller.send('several', '9', { headers: { task: 'square' }, correlationId: '5' });
    // Of another queue.
    caller.send('several', '9', { headers: { task: 'fib' }, correlationId: '6' });
    caller.send('several', '10', { correlationId: '7' });
    caller.send('several', '11', { type: 'square', headers: { task: 'fib' }, correlationId: '8' });
    const replies = (await caller.next(8)).map(shown).sort((a, b) => (a.correlationId < b.correlationId ? -1 : 1));
    const unknown = (text: string) => failed('TqError', expect.stringContaining(text));
    expect(replies.map(({ correlationId, ...rest }) => ({ ...rest, correlationId: undefined }))).toEqual([
      replied('25'),
      unknown("No task named 'unheard-of' here"),
      replied('49'),
      unknown("No task named 'secret' here"),
      replied('81'),
      unknown("No task named 'fib' here"),
      unknown('names no function: expected one of echo, exits, fails, late, square'),
      replied('121'),
    ]);
    const dead = await receive(caller, `${test.prefix}several.dead`, 4);
    expect(dead.map(({ content, properties }) => [content.toString(), properties.headers?.['tq-dead-reason']])).toEqual(
      expect.arrayContaining([
        ['6', 'unknown-task'],
        ['8', 'unknown-task'],
        ['9', 'unknown-task'],
        ['10', 'unknown-task'],
      ]),
    );
  });

  it('sends what names an unknown function round while it is told to', async () => {
    await using test = openApp({ delayUnit: 10 });
    await using caller = await openCaller(test);
    const options = { unknownTask: 'delay', unknownTaskLimit: 100 } as const;
    await using _ = await startWorker(test.app, options);
    caller.send('several', '5', { appId: 'unheard-of' });
    expect((await caller.next(1)).map(shown)).toEqual([failed('TqError', expect.stringContaining('unheard-of'))]);
    const [dead] = await receive(caller, `${test.prefix}several.dead`, 1);
    expect(dead?.properties.headers).toMatchObject({ 'tq-unknown-rounds': expect.any(Number) });
    expect(dead?.properties.headers?.['tq-unknown-rounds']).toBeGreaterThan(1);
  });

  it('refuses bodies that are none, with a reply and a dead letter, and goes on', async () => {
    await using test = openApp();
    await using caller = await openCaller(test);
    await using _ = await startWorker(test.app, { concurrency: 1 });
    caller.send('rpc', '{"n":', { correlationId: 'c1' });
    caller.send('rpc', '');
    caller.send('rpc', Buffer.from([0x22, 0xff, 0x22]), { correlationId: 'c3' });
    caller.send('texts', Buffer.from([0xff]));
    caller.send('rpc', '3');
    const replies = (await caller.next(5)).map(shown);
    expect(replies).toHaveLength(5);
    expect(replies).toEqual(
      expect.arrayContaining([
        failed(
          'TqError',
          errorOf('TqError', 'Expected a body of JSON, found 5 characters of text that do not parse as it.'),
          {
            correlationId: 'c1',
          },
        ),
        failed('TqError', expect.stringContaining('found 0 characters')),
        failed('TqError', errorOf('TqError', 'Expected a body of UTF-8, found bytes that are not.'), {
          correlationId: 'c3',
        }),
        failed('TqError', 'TqError: Expected a body of UTF-8, found bytes that are not.', {
          contentType: 'text/plain',
        }),
        replied('2'),
      ]),
    );
    const dead = await receive(caller, `${test.prefix}rpc.dead`, 3);
    expect(dead.map(({ properties }) => properties.headers?.['tq-dead-reason'])).toEqual([
      'poison',
      'poison',
      'poison',
    ]);
  });
});

it('messages that share their ids are runs of their own, and each is answered', async () => {
  await using test = openApp();
  await using caller = await openCaller(test);
  await using worker = await startWorker(test.app, { concurrency: 8, pool: 'async' });
  const bodies = [...Array.from({ length: 40 }, (_, n) => n), 7, 7, 7];
  const started: unknown[] = [];
  worker.on('task:started', ({ id }) => started.push(id));
  for (const n of bodies) caller.send('several', String(n), { appId: 'echo', messageId: 'm', correlationId: 'c' });
  const replies = await caller.next(bodies.length);
  expect(replies.map((reply) => Number(textOf(reply))).sort((a, b) => a - b)).toEqual(bodies.sort((a, b) => a - b));
  expect(new Set(replies.map(({ properties }) => properties.correlationId))).toEqual(new Set(['c']));
  expect([started.length, started.includes('m')]).toEqual([bodies.length, true]);
  expect(await queueState(caller, `${test.prefix}several.dead`)).toMatchObject({ messages: 0 });
});
