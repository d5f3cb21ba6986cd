import { setTimeout as delay } from 'node:timers/promises';
import type { KnownBinding, QueueType } from '@tq/core';
import type { Channel, ConsumeMessage } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { openPeer } from '../../../../test/support/broker.js';
import { migrate } from './migrate-app.js';
import { bindingTo, type MigratingScene, openMigratingScene, WAYS } from './migrating.js';

/** Publishes numbers to an exchange until it is stopped, some on their way at a time. */
async function openCaller(exchange: string, first: number) {
  const peer = await openPeer();
  const channel = await peer.connection.createConfirmChannel();
  const returned: number[] = [];
  channel.on('return', ({ content }: { content: Buffer }) => returned.push(Number(content)));
  const confirmed: number[] = [];
  let state: 'calling' | 'stopping' = 'calling';
  const calling = (async () => {
    for (let number = first; state === 'calling'; number += 2) {
      channel.publish(exchange, 'work', Buffer.from(String(number)), { mandatory: true, persistent: true }, (error) => {
        if (error === null) confirmed.push(number);
      });
      // A pace, not a wait for something.
      await delay(4);
    }
    await channel.waitForConfirms();
    await peer.close();
    return { confirmed, returned };
  })();
  return () => {
    state = 'stopping';
    return calling;
  };
}

/** Consumes, and a queue that is deleted under it again as soon as it is there. */
async function openWorker(queue: string, onNumber: (number: number) => void) {
  const peer = await openPeer();
  let consumer: { readonly channel: Channel; readonly tag: string } | undefined;
  const consume = async (): Promise<void> => {
    const channel = await peer.connection.createChannel();
    channel.on('error', () => {});
    await channel.prefetch(10);
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message === null) return void consume().catch(consume);
      onNumber(Number(message.content));
      channel.ack(message);
    };
    consumer = { channel, tag: (await channel.consume(queue, onMessage)).consumerTag };
  };
  await consume();
  return {
    /** Takes no more; quorum queues forget acks when their channel is closed right after them, so it stays open. */
    leave: async () => void (await consumer?.channel.cancel(consumer.tag)),
    close: () => peer.close(),
  };
}

class Seen {
  readonly times = new Map<number, number>();
  #waiting: (() => void) | undefined;
  #until = 0;

  readonly add = (number: number): void => {
    this.times.set(number, (this.times.get(number) ?? 0) + 1);
    if (this.times.size >= this.#until) this.#waiting?.();
  };

  /** Resolves when so many different numbers have come. */
  reach(count: number): Promise<void> {
    if (this.times.size >= count) return Promise.resolve();
    this.#until = count;
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}

async function boundExchange({ peer, prefix, queue }: MigratingScene): Promise<string> {
  const exchange = `${prefix}calls`;
  await peer.channel.assertExchange(exchange, 'direct');
  await peer.channel.bindQueue(queue, exchange, 'work');
  return exchange;
}

interface Load extends AsyncDisposable {
  readonly scene: MigratingScene;
  readonly seen: Seen;
  readonly worker: Awaited<ReturnType<typeof openWorker>>;
  readonly bindings: KnownBinding[];
  /** Ends the calls, and resolves when all that were confirmed have been seen. */
  settle(): Promise<number>;
}

/** Two callers that go on over an exchange, and a worker that has had a hundred calls. */
async function openLoad(from: QueueType, to: QueueType): Promise<Load> {
  const scene = await openMigratingScene(from, to);
  const exchange = await boundExchange(scene);
  const seen = new Seen();
  const stopCallers = await Promise.all([openCaller(exchange, 0), openCaller(exchange, 1)]);
  const worker = await openWorker(scene.queue, seen.add);
  await seen.reach(100);
  return {
    ...{ scene, seen, worker },
    bindings: [bindingTo(scene.queue, exchange, 'work')],
    settle: async () => {
      await seen.reach(seen.times.size + 100);
      const calls = await Promise.all(stopCallers.map((stop) => stop()));
      const confirmed = calls.flatMap((call) => call.confirmed).sort((a, b) => a - b);
      expect(calls.flatMap(({ returned }) => returned)).toEqual([]);
      await seen.reach(confirmed.length);
      expect([...seen.times.keys()].sort((a, b) => a - b)).toEqual(confirmed);
      expect([...seen.times.values()].filter((times) => times !== 1)).toEqual([]);
      expect(await scene.drain()).toEqual([]);
      expect(await scene.leftovers()).toEqual([]);
      return confirmed.length;
    },
    [Symbol.asyncDispose]: async () => {
      await worker.close();
      await scene[Symbol.asyncDispose]();
    },
  };
}

const LIMIT_MS = 90_000;

describe('a queue that is migrated while callers go on', () => {
  it.each(WAYS)(
    'loses nothing and doubles nothing when its workers leave before (%s to %s)',
    async (from, to) => {
      await using load = await openLoad(from, to);
      const { scene, seen, worker, bindings } = load;
      await worker.leave();
      const report = await migrate(scene.after, 'tq', { settle: 0, quiet: 50, bindings });
      expect(report).toMatchObject({ outcome: 'migrated', lost: 0 });
      const newWorker = await openWorker(scene.queue, seen.add);
      const count = await load.settle();
      await newWorker.close();
      expect(await scene.differenceFrom(scene.after)).toBeUndefined();
      console.log(`migrated ${from} to ${to} under load: ${count} calls, ${report.returned} of them moved`);
    },
    LIMIT_MS,
  );

  it(
    'loses nothing and doubles nothing when its workers stay, who consume the new one then',
    async () => {
      await using load = await openLoad('classic', 'quorum');
      const { scene, bindings } = load;
      const report = await migrate(scene.after, 'tq', { settle: 0, quiet: 50, evenInUse: true, bindings });
      expect(report).toMatchObject({ outcome: 'migrated', lost: 0 });
      const count = await load.settle();
      expect(await scene.differenceFrom(scene.after)).toBeUndefined();
      console.log(`migrated classic to quorum under workers: ${count} calls, ${report.returned} of them moved`);
    },
    LIMIT_MS,
  );

  it(
    'stays as it was, and has all of its messages again, when it is a quorum queue whose workers stay',
    async () => {
      await using load = await openLoad('quorum', 'classic');
      const { scene, bindings } = load;
      const migrating = migrate(scene.after, 'tq', { settle: 0, quiet: 50, evenInUse: true, bindings });
      await expect(migrating).rejects.toMatchObject({ code: 'queue-in-use', message: /may cut their connections/ });
      expect(await scene.differenceFrom(scene.before)).toBeUndefined();
      await load.settle();
    },
    LIMIT_MS,
  );
});
