/** Plain calls by the thousand, and those whose answers never come: nothing of them is left in their app. */
import { expect, it } from 'vitest';
import { openPeer, queueState } from '../support/broker.js';
import { startPlainServer } from './fixtures/plain-server.js';
import { openApp, problems, rejection } from './fixtures/test-app.js';

const IN_FLIGHT = 3_000;

it(`${IN_FLIGHT} plain calls at once each get their own answer, or end when their app does`, async () => {
  await using test = openApp();
  await using server = await startPlainServer(`${test.prefix}rpc`, ({ content }) => ({ body: content }));
  const bodies = Array.from({ length: IN_FLIGHT }, (_, n) => n);
  expect(await Promise.all(bodies.map((n) => test.app.plainCall('rpc', n)))).toEqual(bodies);
  await server.peer.channel.assertQueue(`${test.prefix}mute`, { durable: false, autoDelete: true });
  const open = bodies.map((n) => rejection(test.app.plainCall('mute', n)));
  while ((await queueState(server.peer, `${test.prefix}mute`))?.messages !== IN_FLIGHT);
  await test.app.close();
  expect(new Set((await Promise.all(open)).map(({ code }) => code))).toEqual(new Set(['closed']));
  expect(problems(test.lines)).toEqual([]);
});

it('calls that end without an answer are forgotten: those that come to nobody keep out no later ones', async () => {
  await using test = openApp({ maxWaiters: 10 });
  await using server = await startPlainServer(`${test.prefix}rpc`, ({ content }) => ({ body: content }));
  await server.peer.channel.assertQueue(`${test.prefix}mute`, { durable: false, autoDelete: true });
  await test.app.plainCall('rpc', 0);
  const ending = new AbortController();
  const all = [
    ...Array.from({ length: 5 }, () => test.app.plainCall('mute', 1, { timeout: 50 })),
    ...Array.from({ length: 4 }, () => test.app.plainCall('mute', 1, { signal: ending.signal })),
  ];
  while (((await queueState(server.peer, `${test.prefix}mute`))?.messages ?? 0) < all.length);
  ending.abort();
  const codes = (await Promise.all(all.map(rejection))).map(({ code }) => String(code));
  expect(new Set(codes.map((code) => code.replace('publish-', 'result-')))).toEqual(
    new Set(['plain-call-timeout', 'result-aborted']),
  );
  // As many waiters as are allowed: one that was left would push out the oldest of these.
  const later = Array.from({ length: 10 }, (_, n) => test.app.plainCall('rpc', n));
  expect(await Promise.all(later)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const answers = await openPeer();
  const replies = server.requests[0]?.properties.replyTo as string;
  expect(await queueState(answers, replies)).toEqual({ messages: 0, consumers: 1 });
  await answers.close();
});

it('a caller whose reply queue is deleted is told at once, and the next call is answered', async () => {
  await using test = openApp();
  await using server = await startPlainServer(`${test.prefix}rpc`, ({ content }) =>
    content.toString() === '"mute"' ? undefined : { body: content },
  );
  await test.app.plainCall('rpc', 1);
  const lost = rejection(test.app.plainCall('rpc', 'mute'));
  await server.asked(2);
  await server.peer.channel.deleteQueue(server.requests[0]?.properties.replyTo as string);
  expect(await lost).toMatchObject({ code: 'replies-lost' });
  expect(await test.app.plainCall('rpc', 2)).toBe(2);
});
