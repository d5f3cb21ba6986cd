import { createApp } from '@tq/core';
import { expect, it } from 'vitest';
import { startBrokerNode } from '../support/broker-node.js';
import { type LogLine, recordingLogger, rejection } from './fixtures/test-app.js';

it('while the broker is blocked, calls wait for their deadlines or for its recovery', async () => {
  await using node = await startBrokerNode();
  const lines: LogLine[] = [];
  await using app = createApp({ url: node.url, queueType: 'classic', logger: recordingLogger(lines) });
  const task = app.task('take', () => 1);
  await task.delay().published;
  await node.setMemoryAlarm(true);
  try {
    const [short, long] = [task.apply([], { deadline: 1_000 }), task.delay()];
    const { published } = long;
    const error = await rejection(short.published);
    expect(error).toMatchObject({ code: 'publish-timeout' });
    expect(error.message).toContain('Not confirmed within 1s: the broker is blocked.');
    expect(long.state).toBe('pending');
    await node.setMemoryAlarm(false);
    await published;
  } finally {
    await node.setMemoryAlarm(false);
  }
  expect(lines.map(({ message }) => message)).toContain('the broker takes publishes again');
});
