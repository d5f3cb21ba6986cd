import { createApp } from '@tq/core';
import { becomeChild } from '@tq/core/internal';
import { expect, it } from 'vitest';
import { explainRefusal } from '../../src/broker/queue-refusal.js';
import type { Transport } from '../../src/results/transport.js';

it.each([
  ['', 'an empty one'],
  ['ä'.repeat(128), '257 bytes'],
  [7, 'a number'],
])('refuses %j as a name', (name, found) => {
  const app = createApp({ prefix: 'p' });
  expect(() => app.queue(name as string)).toThrow(`1 to 255 bytes, prefix included, found ${found}`);
});

it('refuses options that nobody reads, and a timeout that is none', async () => {
  const queue = createApp().queue('mail');
  await expect(queue.delete({ ifempty: true } as never)).rejects.toMatchObject({
    code: 'unknown-option',
    message: expect.stringContaining("Did you mean 'ifEmpty'?"),
  });
  await expect(queue.purge({ ifEmpty: true } as never)).rejects.toMatchObject({ code: 'unknown-option' });
  await expect(queue.depth({ timeout: 0 })).rejects.toMatchObject({ code: 'invalid-option' });
});

it.each([
  [404, "NOT_FOUND - no queue 'q' in vhost '/'", 'queue-missing'],
  [
    404,
    "NOT_FOUND - home node 'b@host' of durable queue 'q' in vhost '/' is down or inaccessible",
    'queue-unavailable',
  ],
  [404, "NOT_FOUND - queue 'q' in vhost '/' process is stopped by supervisor", 'queue-unavailable'],
  [404, "NOT_FOUND - queue 'q' in vhost '/' has crashed and failed to restart", 'queue-unavailable'],
  [404, "NOT_FOUND - failed to perform operation on queue 'q' in vhost '/' due to timeout", 'queue-unavailable'],
  [403, "ACCESS_REFUSED - access to queue 'q' refused for user 'ada'", 'access-refused'],
  [405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q'", 'queue-in-use'],
  [406, "PRECONDITION_FAILED - queue 'q' in vhost '/' in use", 'queue-in-use'],
  [406, "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty", 'queue-not-empty'],
])('a refusal with %i, %j, is %s', (code, message, expected) => {
  expect(explainRefusal(Object.assign(new Error(message), { code }), 'q')).toMatchObject({
    code: expected,
    fields: { queue: 'q' },
  });
});

it('a lost channel is no refusal', () => {
  expect(explainRefusal(new Error('Channel closed'), 'q')).toBeUndefined();
});

it('a child of a pool is told where to do it', async () => {
  becomeChild({} as Transport);
  const queue = createApp().queue('mail');
  for (const asked of [queue.depth(), queue.purge(), queue.delete()]) {
    await expect(asked).rejects.toMatchObject({
      code: 'in-child',
      message: expect.stringContaining('do it in the program that calls the task'),
    });
  }
});
