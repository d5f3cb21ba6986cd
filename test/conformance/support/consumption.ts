/** A consumer whose deliveries a test looks at one after another. */
import type { Channel, ConsumeMessage, Options } from 'amqplib';

/** A consumer and what was delivered to it. */
export interface Consumption {
  readonly consumerTag: string;
  /** Resolves with the deliveries so far once there are so many; they are not acknowledged. */
  until(count: number): Promise<readonly ConsumeMessage[]>;
  /** As `until`, their bodies. */
  bodies(count: number): Promise<string[]>;
  /** The deliveries so far. */
  readonly deliveries: readonly ConsumeMessage[];
  /** Resolves when the broker cancels the consumer. */
  readonly cancelled: Promise<void>;
}

/** Begins to consume. */
export async function startConsumption(
  channel: Channel,
  queue: string,
  options?: Options.Consume,
): Promise<Consumption> {
  const deliveries: ConsumeMessage[] = [];
  let wake = () => {};
  let cancel = () => {};
  const cancelled = new Promise<void>((resolve) => {
    cancel = resolve;
  });
  const onMessage = (message: ConsumeMessage | null) => {
    if (message === null) return cancel();
    deliveries.push(message);
    wake();
  };
  const { consumerTag } = await channel.consume(queue, onMessage, options);
  const until = async (count: number) => {
    while (deliveries.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return deliveries;
  };
  const bodies = async (count: number) => (await until(count)).map(({ content }) => content.toString());
  return { consumerTag, until, bodies, deliveries, cancelled };
}
