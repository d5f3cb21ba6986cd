import { createApp, group, PublishError } from '@tq/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPeer, queueState, receive } from '../support/broker.js';
import { lendRabbit } from '../support/lent-rabbitmq.js';
import type { RabbitServer } from '../support/rabbitmq.js';
import { addRabbitUser } from '../support/rabbitmq-user.js';
import { runTq } from '../support/tq-process.js';
import { type LogLine, problems, recordingLogger, rejection } from './fixtures/test-app.js';

let rabbit: RabbitServer;

beforeAll(async () => {
  rabbit = await lendRabbit();
});

afterAll(() => rabbit.stop());

it('a producer that may not declare fails with queue-missing, and sends once the queue is there', async () => {
  const url = await addRabbitUser(rabbit, 'producer', '^tq\\.reply\\.', '.*', '.*');
  await using app = createApp({ url, queueType: 'classic' });
  const task = app.task('take', () => 1, { queue: 'private' });
  const error = await rejection(task.delay().published);
  expect(error).toBeInstanceOf(PublishError);
  expect(error).toMatchObject({ code: 'queue-missing', outcomeUnknown: false });
  expect(error.message).toMatch(/may not be declared by this user: .*ACCESS_REFUSED/);
  expect(error.message).not.toContain('secret');
  await using peer = await openPeer(rabbit.url);
  await peer.channel.assertQueue('private');
  await task.delay().published;
});

it('a producer with few rights delays calls once the ladder is there, and is told what it lacks before', async () => {
  const write = String.raw`^(amq\.default|tq\.reply\..*|tq\.delay\.v1\..*|later)$`;
  const url = await addRabbitUser(
    rabbit,
    'caller',
    String.raw`^tq\.reply\.`,
    write,
    String.raw`^tq\.(reply|delay\.v1)\.`,
  );
  await using app = createApp({ url, queueType: 'classic', delayUnit: 20 });
  const own = String.raw`^(tq\..*|later|later\.dead)$`;
  const declarer = await addRabbitUser(
    rabbit,
    'declarer',
    own,
    String.raw`^(amq\.default|tq\..*|later|later\.dead)$`,
    own,
  );
  await using other = createApp({ url: declarer, queueType: 'classic', delayUnit: 20 });
  await using peer = await openPeer(rabbit.url);
  const options = { queue: 'later' };
  const task = app.task('take', () => 1, options);
  const delayed = () => task.apply([], { countdown: 5_000 }).published;
  const error = await rejection(delayed());
  expect(error).toMatchObject({ name: 'PublishError', code: 'access-refused' });
  expect(error.message).toMatch(/may not prepare delays: .* 'tq\.delay\.lost' .*ACCESS_REFUSED.* docs\/topology\.md/);
  expect(error.message).not.toContain('secret');
  await other.task('take', () => 1, options).apply([], { countdown: 5_000 }).published;
  await delayed();
  expect(await receive(peer, 'later', 2)).toHaveLength(2);
});

it('who may not declare looks at dead letters and puts them back where the queue is there, and is told where it is not', async () => {
  const url = await addRabbitUser(rabbit, 'operator', '^$', '.*', '.*');
  await using app = createApp({ url, queueType: 'classic' });
  await using declarer = createApp({ url: rabbit.url, queueType: 'classic' });
  await using peer = await openPeer(rabbit.url);
  await declarer.task('take', () => 1, { queue: 'kept' }).delay().published;
  const call = await peer.channel.get('kept');
  if (call !== false) peer.channel.nack(call, false, false);
  while ((await queueState(peer, 'kept.dead'))?.messages !== 1);
  const { deadLetters } = app;
  const filter = { queues: ['kept'] };
  expect(await deadLetters.list(filter).next()).toMatchObject({ value: { task: 'take', reason: 'rejected' } });
  await peer.channel.deleteQueue('kept');
  const error = await rejection(deadLetters.retry(filter));
  expect(error).toMatchObject({ code: 'queue-missing' });
  expect(error.message).not.toContain('secret');
  await peer.channel.assertQueue('kept');
  expect(await deadLetters.retry(filter)).toMatchObject({ matched: 1, moved: 1 });
});

it('a producer that may not declare the exchange of workflows sends canvases, and is asked once it is there', async () => {
  const url = await addRabbitUser(rabbit, 'unasked', '^tq\\.(reply|chord)\\.', '.*', '.*');
  await using peer = await openPeer(rabbit.url);
  await peer.channel.assertQueue('open');
  const open = (who: string, lines: LogLine[] = []) => {
    const app = createApp({ url: who, queueType: 'classic', logger: recordingLogger(lines) });
    const task = app.task('take', () => 1, { queue: 'open' });
    return { app, send: () => group([task.s(), task.s()]).delay() };
  };
  const lines: LogLine[] = [];
  const refused = open(url, lines);
  await refused.send().published;
  while (problems(lines).length === 0) await new Promise(setImmediate);
  await refused.send().published;
  expect(problems(lines).map(({ message }) => message)).toEqual([expect.stringContaining('tq workflow')]);
  expect(JSON.stringify(lines)).not.toContain('secret');
  await refused.app.close();

  const declarer = open(rabbit.url);
  const bound = open(url);
  const { id } = declarer.send();
  const ask = async (workflow: string) => (await runTq(['workflow', workflow], { env: { TQ_URL: rabbit.url } })).code;
  while ((await ask(id)) !== 0);
  const later = bound.send();
  while ((await ask(later.id)) !== 0);
  await Promise.all([declarer.app.close(), bound.app.close()]);
});
