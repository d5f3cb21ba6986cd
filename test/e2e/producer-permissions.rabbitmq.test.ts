import { createApp, PublishError } from '@tq/core';
import { expect, it } from 'vitest';
import { openPeer } from '../support/broker.js';
import { startRabbit } from '../support/rabbitmq.js';
import { rejection } from './fixtures/test-app.js';

it('a producer that may not declare fails with queue-missing, and sends once the queue is there', async () => {
  await using rabbit = await startRabbit();
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
