/** Fills a broker's memory as a client can: with messages that nobody takes. */
import { once } from 'node:events';
import { openPeer } from './broker.js';

const BODY = Buffer.alloc(1024 * 1024);

/** Messages that hold a broker's memory. */
export interface Ballast {
  /** Deletes them and resolves when the broker takes publishes again. */
  drop(): Promise<void>;
}

/** Publishes until the broker blocks the connection (connection.blocked). */
export async function fillMemory(url: string): Promise<Ballast> {
  // A connection that is blocked is read no more, so another one has to delete the queue.
  const [filling, emptying] = await Promise.all([openPeer(url), openPeer(url)]);
  const { queue } = await emptying.channel.assertQueue('', { durable: false });
  const confirming = await filling.connection.createConfirmChannel();
  let isBlocked = false;
  const blocked = once(filling.connection, 'blocked').then(() => {
    isBlocked = true;
  });
  while (!isBlocked) {
    // One at a time: what waits in the socket behind a block would fill the memory again when that ends.
    confirming.sendToQueue(queue, BODY);
    await Promise.race([blocked, confirming.waitForConfirms().catch(() => {})]);
  }
  return {
    drop: async () => {
      const unblocked = once(filling.connection, 'unblocked');
      await emptying.channel.deleteQueue(queue);
      await unblocked;
      await Promise.all([filling.close(), emptying.close()]);
    },
  };
}
