import { createApp, PublishError } from '@tq/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPeer } from '../support/broker.js';
import { type RabbitServer, startRabbit } from '../support/rabbitmq.js';
import { type LogLine, recordingLogger, rejection } from './fixtures/test-app.js';

let rabbit: RabbitServer;
beforeAll(async () => {
  rabbit = await startRabbit();
});
afterAll(() => rabbit.stop());

it('a producer that may not declare fails with queue-missing, and sends once the queue is there', async () => {
  await rabbit.ctl('add_user', 'producer', 'secret');
  await rabbit.ctl('set_permissions', 'producer', '^tq\\.reply\\.', '.*', '.*');
  const url = new URL(rabbit.url);
  url.username = 'producer';
  url.password = 'secret';
  await using app = createApp({ url: url.href, queueType: 'classic' });
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

it('while the broker is blocked, calls wait for their deadlines or for its recovery', async () => {
  const lines: LogLine[] = [];
  await using app = createApp({ url: rabbit.url, queueType: 'classic', logger: recordingLogger(lines) });
  const task = app.task('take', () => 1);
  await task.delay().published;
  await rabbit.setMemoryAlarm(true);
  try {
    const [short, long] = [task.apply([], { deadline: 1_000 }), task.delay()];
    const { published } = long;
    const error = await rejection(short.published);
    expect(error).toMatchObject({ code: 'publish-timeout' });
    expect(error.message).toContain('Not confirmed within 1s: the broker is blocked.');
    expect(long.state).toBe('pending');
    await rabbit.setMemoryAlarm(false);
    await published;
  } finally {
    await rabbit.setMemoryAlarm(false);
  }
  expect(lines.map(({ message }) => message)).toContain('the broker takes publishes again');
});
