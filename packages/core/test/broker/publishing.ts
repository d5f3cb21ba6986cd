/** A publish channel whose broker is the test. */
import type { OutboxLimits, PublishEnd, PublishRequest } from '../../src/broker/outbox.js';
import { PublishChannel } from '../../src/broker/publish-channel.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { type Deadline, Deadlines } from '../../src/time/deadlines.js';
import { testRuntime } from '../test-runtime.js';
import { FakeConnection } from './fake-link.js';

/** Deadlines that can be counted: one that nobody cancels keeps its message in memory until it fires. */
class CountedDeadlines extends Deadlines {
  readonly open = new Set<Deadline>();

  override set(delayMs: number, expire: () => void): Deadline {
    const deadline = super.set(delayMs, () => {
      this.open.delete(deadline);
      expire();
    });
    this.open.add(deadline);
    return deadline;
  }

  override cancel(deadline: Deadline): void {
    this.open.delete(deadline);
    super.cancel(deadline);
  }
}

interface Setup {
  readonly window?: number;
  readonly limits?: OutboxLimits;
  readonly maxMessageBytes?: number;
}

/** A publish channel on a fake connection: what is published by name, and how each ended. */
export function setup({
  window = 1_000,
  limits = { messages: 1_000, bytes: 1_000_000 },
  maxMessageBytes = 1_000,
}: Setup = {}) {
  const clock = new ManualClock();
  const fake = new FakeConnection();
  const deadlines = new CountedDeadlines(clock, 1);
  const runtime = testRuntime(clock);
  const publisher = new PublishChannel({
    connection: fake.connection,
    runtime,
    deadlines,
    limits,
    window,
    maxMessageBytes,
  });
  const ends: [string, PublishEnd][] = [];
  const publish = (body: string, more: Partial<PublishRequest> = {}) =>
    publisher.publish({
      exchange: '',
      routingKey: 'q',
      message: { properties: { correlationId: body, messageId: `id of ${body}` }, body: Buffer.from(body) },
      timeoutMs: undefined,
      onEnd: (end) => ends.push([body, end]),
      ...more,
    });
  const ended = () => ends.map(([body, end]) => `${body} ${end.kind === 'failed' ? end.error.code : end.kind}`);
  const errorOf = (body: string) => {
    const end = ends.find(([of]) => of === body)?.[1];
    if (end?.kind !== 'failed') throw new Error(`expected ${body} to have failed, found ${end?.kind ?? 'no end'}`);
    return end.error;
  };
  return { clock, deadlines, fake, runtime, publisher, publish, ended, errorOf };
}

/** Lets everything run that waits for nothing. */
export const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
