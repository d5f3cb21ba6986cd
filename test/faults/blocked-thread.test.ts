import { expect, test } from 'vitest';
import { brokerUrl } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { openScene } from './fixtures/scene.js';

/** A task that blocks this long at this heartbeat (s); the long one is for `TQ_TEST_LONG=1`. */
const BLOCK = process.env.TQ_TEST_LONG === '1' ? { ms: 30_000, heartbeat: 5 } : { ms: 5_000, heartbeat: 1 };

test(
  `a task that blocks its thread for ${BLOCK.ms / 1_000} s at a heartbeat of ${BLOCK.heartbeat} s costs no connection and runs once`,
  async () => {
    await using proxy = await startProxy(brokerUrl());
    await using scene = await openScene({ heartbeat: BLOCK.heartbeat });
    let connections = 0;
    proxy.events.on('connected', () => connections++);
    let lost = 0;
    proxy.events.on('closed', () => lost++);
    const worker = await scene.worker({ url: proxy.url, concurrency: 2 });
    const blocking = scene.tasks.block.delay(BLOCK.ms);
    await scene.journal.entry({ event: 'started', id: blocking.id });
    // Beside it the other slot goes on.
    expect(await scene.tasks.echo.delay(1).get()).toBe(1);
    expect(blocking.state).toBe('published');
    expect(await blocking.get()).toBe(BLOCK.ms);
    expect({ connections, lost }).toEqual({ connections: 2, lost: 0 });
    expect(scene.journal.starts({ id: blocking.id }), worker.log()).toHaveLength(1);
  },
  BLOCK.ms + 30_000,
);
