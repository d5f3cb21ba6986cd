import { describe, expect, it } from 'vitest';
import { freshPrefix, openPeer, queueState } from '../../../../test/support/broker.js';
import { HeldQueue } from '../../src/broker/held-queue.js';
import { systemClock } from '../../src/time/clock.js';

const MESSAGES = 200;
const NUMBERS = Array.from({ length: MESSAGES }, (_, n) => n);

describe.each(['quorum', 'classic'])('a queue that is held (%s)', (type) => {
  it('keeps its order though one consumer cannot take all of it, however often it is taken', async () => {
    await using peer = await openPeer();
    const queue = `${freshPrefix()}held`;
    await peer.channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': type } });
    const confirming = await peer.connection.createConfirmChannel();
    for (const n of NUMBERS) confirming.sendToQueue(queue, Buffer.from(String(n)), { persistent: true });
    await confirming.waitForConfirms();
    for (let look = 0; look < 5; look++) {
      const seen: number[] = [];
      const held = await HeldQueue.take(peer.connection, queue, {
        ...{ clock: systemClock, silenceMs: 10_000, prefetch: 30 },
        onMessage: ({ body }) => seen.push(Number(body)),
      });
      expect(held?.count).toBe(MESSAGES);
      expect(seen.sort((a, b) => a - b)).toEqual(NUMBERS);
      await held?.release();
      while ((await queueState(peer, queue))?.messages !== MESSAGES);
    }
    const left: number[] = [];
    for (;;) {
      const message = await peer.channel.get(queue, { noAck: true });
      if (message === false) break;
      left.push(Number(message.content));
    }
    expect(left).toEqual(NUMBERS);
  });
});
