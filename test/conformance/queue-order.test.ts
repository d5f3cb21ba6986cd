/** In which order a queue gives its messages, and to which of its consumers when only one may be active. */
import type { Channel, ConsumeMessage } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { openScene, type Scene } from './support/scene.js';
import { takeMessage } from './support/take-message.js';

function sendWithPriority(
  scene: Scene,
  queue: string,
  messages: readonly (readonly [body: string, priority?: number])[],
) {
  for (const [body, priority] of messages) scene.send(queue, [body], priority === undefined ? {} : { priority });
}

describe('a queue', () => {
  it('gives its messages in the order in which a channel published them', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const sent = Array.from({ length: 500 }, (_, index) => `${index}`);
    scene.send(queue, sent);
    expect(await scene.bodies(queue)).toEqual(sent);
  });

  it('knows no priorities unless it was declared with them', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    sendWithPriority(scene, queue, [['low', 1], ['high', 9], ['none']]);
    expect(await scene.bodies(queue)).toEqual(['low', 'high', 'none']);
  });
});

describe('x-max-priority', () => {
  it('gives higher priorities first, and the oldest first among equals', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxPriority: 5 });
    sendWithPriority(scene, queue, [
      ['a', 1],
      ['b', 5],
      ['c', 3],
      ['d', 5],
      ['e', 0],
      ['f', 1],
    ]);
    expect(await scene.bodies(queue)).toEqual(['b', 'd', 'c', 'a', 'f', 'e']);
  });

  it('takes no priority for 0, and one above the highest for the highest', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxPriority: 2 });
    sendWithPriority(scene, queue, [['none'], ['0', 0], ['2', 2], ['255', 255], ['1', 1]]);
    const { channel } = scene;
    const first = await channel.get(queue);
    expect(first).toMatchObject({ properties: { priority: 2 } });
    // The property itself is as it was published.
    expect(await channel.get(queue)).toMatchObject({ properties: { priority: 255 } });
    expect(await scene.bodies(queue)).toEqual(['1', 'none', '0']);
  });

  it('puts a requeued message back among its priority', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxPriority: 5 });
    sendWithPriority(scene, queue, [
      ['a', 5],
      ['b', 5],
      ['c', 1],
    ]);
    scene.channel.nack(await takeMessage(scene.channel, queue));
    expect(await scene.bodies(queue)).toEqual(['a', 'b', 'c']);
  });

  it('with a length drops from the head of the queue, which is the highest priority', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxPriority: 5, maxLength: 2 });
    sendWithPriority(scene, queue, [
      ['high', 5],
      ['low', 1],
      ['lower', 0],
    ]);
    expect(await scene.bodies(queue)).toEqual(['low', 'lower']);
  });

  it('counts and purges the messages of all priorities', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxPriority: 5 });
    sendWithPriority(scene, queue, [['a', 5], ['b', 1], ['c']]);
    // The count may overtake publishes of its own channel that are not confirmed.
    await scene.sendConfirmed(queue, ['d'], { priority: 3 });
    expect(await scene.channel.checkQueue(queue)).toMatchObject({ messageCount: 4 });
    expect(await scene.channel.purgeQueue(queue)).toEqual({ messageCount: 4 });
  });

  it('lets messages of a priority expire behind one of a higher that does not', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxPriority: 5 });
    scene.send(queue, ['high'], { priority: 5 });
    scene.send(queue, ['expired'], { priority: 1, expiration: '0' });
    scene.send(queue, ['low'], { priority: 1 });
    expect(await scene.bodies(queue)).toEqual(['high', 'low']);
  });
});

describe('x-single-active-consumer', () => {
  /** Consumes, acknowledging at once, and tells of each message: consumer and body. */
  async function consumeAs(channel: Channel, queue: string, name: string, onMessage: (text: string) => void) {
    const handle = (message: ConsumeMessage | null) => {
      if (message === null) return;
      channel.ack(message);
      onMessage(`${name} ${message.content}`);
    };
    return await channel.consume(queue, handle);
  }

  /** Collects texts, and resolves with all once there are so many. */
  function collector() {
    const texts: string[] = [];
    let wake = () => {};
    return {
      add(text: string) {
        texts.push(text);
        wake();
      },
      async until(count: number): Promise<string[]> {
        while (texts.length < count) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        return texts.splice(0);
      },
    };
  }

  it('delivers to the first consumer alone, and to the next when that is cancelled or its channel closed', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ arguments: { 'x-single-active-consumer': true } });
    const { add, until } = collector();
    const [one, two, three] = [
      await scene.connection.createChannel(),
      await scene.connection.createChannel(),
      await scene.connection.createChannel(),
    ];
    const first = await consumeAs(one, queue, 'one', add);
    await consumeAs(two, queue, 'two', add);
    await consumeAs(three, queue, 'three', add);
    scene.send(queue, ['a', 'b', 'c']);
    expect(await until(3)).toEqual(['one a', 'one b', 'one c']);
    await one.cancel(first.consumerTag);
    scene.send(queue, ['d', 'e']);
    expect(await until(2)).toEqual(['two d', 'two e']);
    await two.close();
    scene.send(queue, ['f']);
    expect(await until(1)).toEqual(['three f']);
  });

  it('keeps the others idle while the active one is at its prefetch', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ arguments: { 'x-single-active-consumer': true } });
    const [one, two] = [await scene.connection.createChannel(), await scene.connection.createChannel()];
    await one.prefetch(1);
    const delivered = new Promise<ConsumeMessage>((resolve) => one.once('delivery', resolve));
    const { add, until } = collector();
    const { consumerTag } = await one.consume(queue, () => {});
    await consumeAs(two, queue, 'two', add);
    await scene.sendConfirmed(queue, ['a', 'b']);
    const message = await delivered;
    expect(await scene.channel.checkQueue(queue)).toMatchObject({ messageCount: 1, consumerCount: 2 });
    await one.cancel(consumerTag);
    one.nack(message);
    // Whether the next consumer gets b with the cancel or with the nack is the broker's choice.
    expect((await until(2)).sort()).toEqual(['two a', 'two b']);
  });

  it('refuses an exclusive consumer', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q', arguments: { 'x-single-active-consumer': true } });
    expect(await scene.refusal((channel) => channel.consume(queue, () => {}, { exclusive: true }))).toBe(
      "channel 403 basic.consume: ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use",
    );
  });
});
