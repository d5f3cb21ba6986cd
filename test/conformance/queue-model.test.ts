/** A queue against a model of it: whatever is done in whichever order, the messages come as the model says. */
import type { Channel, GetMessage } from 'amqplib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openScene } from './support/scene.js';
import { takeMessages } from './support/take-message.js';

/** What can be done; `pick` chooses among the deliveries that are not acknowledged. */
type Step =
  | { readonly kind: 'publish'; readonly priority: number }
  | { readonly kind: 'take' }
  | { readonly kind: 'settle'; readonly pick: number; readonly as: Settlement; readonly multiple: boolean }
  | { readonly kind: 'recover' }
  | { readonly kind: 'purge' };

type Settlement = 'ack' | 'requeue' | 'drop';

interface Entry {
  readonly number: number;
  readonly priority: number;
  readonly redelivered: boolean;
}

/** What a queue is to do: higher priorities first, then the older ones, requeued ones too. */
class ModelQueue {
  #ready: Entry[] = [];
  #unacked: Entry[] = [];
  #published = 0;

  publish(priority: number): string {
    this.#published += 1;
    this.#insert({ number: this.#published, priority, redelivered: false });
    return `${this.#published}`;
  }

  take(): string | undefined {
    const entry = this.#ready.shift();
    if (entry) this.#unacked.push(entry);
    return entry && textOf(entry);
  }

  settle(index: number, as: Settlement, multiple: boolean): void {
    const settled = multiple ? this.#unacked.splice(0, index + 1) : this.#unacked.splice(index, 1);
    if (as === 'requeue') for (const entry of settled) this.#insert({ ...entry, redelivered: true });
  }

  recover(): void {
    this.settle(this.#unacked.length - 1, 'requeue', true);
  }

  purge(): number {
    return this.#ready.splice(0).length;
  }

  get ready(): string[] {
    return this.#ready.map(textOf);
  }

  #insert(entry: Entry): void {
    this.#ready.push(entry);
    this.#ready.sort((a, b) => b.priority - a.priority || a.number - b.number);
  }
}

const textOf = ({ number, redelivered }: Entry) => `${number}${redelivered ? ' again' : ''}`;
const seen = ({ content, fields }: GetMessage) => `${content}${fields.redelivered ? ' again' : ''}`;

function settle(channel: Channel, message: GetMessage, as: Settlement, multiple: boolean): void {
  if (as === 'ack') channel.ack(message, multiple);
  else channel.nack(message, multiple, as === 'requeue');
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('publish' as const), priority: fc.nat(4) }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'take' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      pick: fc.nat(1000),
      as: fc.constantFrom<Settlement>('ack', 'requeue', 'requeue', 'drop'),
      multiple: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'recover' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'purge' as const }) },
);

const QUEUES = [
  ['without priorities', {}, 0],
  ['with three priorities', { maxPriority: 3 }, 3],
  ['that is lazy', { arguments: { 'x-queue-mode': 'lazy' } }, 0],
] as const;

it.each(QUEUES)('a queue %s agrees with its model', async (_title, options, highest) => {
  await using scene = await openScene();
  const run = async (steps: readonly Step[]) => {
    const channel = await scene.connection.createChannel();
    const queue = await scene.queue(options);
    const model = new ModelQueue();
    let unacked: GetMessage[] = [];
    for (const one of steps) {
      if (one.kind === 'publish') {
        const body = model.publish(Math.min(one.priority, highest));
        channel.sendToQueue(queue, Buffer.from(body), { priority: one.priority });
      } else if (one.kind === 'take') {
        const message = await channel.get(queue);
        expect(message ? seen(message) : undefined).toBe(model.take());
        if (message) unacked.push(message);
      } else if (one.kind === 'recover') {
        await channel.recover();
        model.recover();
        unacked = [];
      } else if (one.kind === 'purge') {
        expect(await channel.purgeQueue(queue)).toEqual({ messageCount: model.purge() });
      } else if (unacked.length > 0) {
        const index = one.pick % unacked.length;
        settle(channel, unacked[index]!, one.as, one.multiple);
        model.settle(index, one.as, one.multiple);
        unacked = unacked.toSpliced(one.multiple ? 0 : index, one.multiple ? index + 1 : 1);
      }
    }
    expect((await takeMessages(channel, queue, model.ready.length)).map(seen)).toEqual(model.ready);
    expect(await channel.get(queue)).toBe(false);
    await channel.deleteQueue(queue);
    await channel.close();
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), run), { numRuns: 30, endOnFailure: true });
});
