/** What the compiler makes of events and of who subscribes to them. */
import {
  broadcast,
  createApp,
  defineEvent,
  defineTask,
  type Publication,
  type ReceivedEvent,
  subscribe,
} from '@tq/core';
import { z } from 'zod';
import { same } from './equal.js';

interface Order {
  readonly id: string;
}

const created = defineEvent<Order>('orders.created');
const paid = defineEvent(
  'orders.paid',
  z.object({ id: z.string(), at: z.iso.datetime().transform((at) => new Date(at)) }),
);
const counted = createApp().event('counted', { payload: z.number(), mandatory: true });
const anything = defineEvent('anything');

export async function publishes(): Promise<void> {
  const publication = created.publish({ id: 'o1' }, { headers: { region: 'eu' }, mandatory: true });
  same<Publication, typeof publication>();
  const nothing = await publication;
  same<void, typeof nothing>();
  // What the schema takes is published.
  paid.publish({ id: 'o1', at: '2026-01-01T00:00:00Z' });
  counted.publish(1);
  anything.publish(['whatever', 1]);

  // @ts-expect-error: an order
  created.publish('o1');
  // @ts-expect-error: its time is a text, and the date is what subscribers get
  paid.publish({ id: 'o1', at: new Date() });
  // @ts-expect-error: a number
  counted.publish('1');
  // @ts-expect-error: no such option
  created.publish({ id: 'o1' }, { queue: 'mail' });
}

export function subscribes(): void {
  subscribe(created, (order, message) => {
    same<Order, typeof order>();
    same<ReceivedEvent, typeof message>();
    same<string, typeof message.event>();
  });
  subscribe(paid, async ({ at }) => {
    same<Date, typeof at>();
  });
  subscribe(counted, (count) => same<number, typeof count>(), { group: 'billing', retry: { maxRetries: 2 } });
  subscribe('orders.*', (order: Order) => order.id);
  subscribe('orders.#', (payload) => same<unknown, typeof payload>());
  subscribe(['a', 'b'], (count) => same<number, typeof count>(), { payload: z.string().transform(Number) });

  // @ts-expect-error: the event's handler gets an order
  subscribe(created, (count: number) => count);
  // @ts-expect-error: subscribers have no queue of that name
  subscribe('orders.*', () => undefined, { queue: 'mail' });
  // @ts-expect-error: the schema is the event's
  subscribe(created, () => undefined, { payload: z.number() });
}

const clear = defineTask('cache.clear', (key: string) => key.length);

export async function broadcasts(): Promise<void> {
  const call = broadcast(clear).delay('prices');
  same<string, typeof call.id>();
  const nothing = await broadcast(clear).apply(['prices'], { expires: 60_000 });
  same<void, typeof nothing>();
  // @ts-expect-error: a text
  broadcast(clear).delay(1);
  // @ts-expect-error: it goes to every worker
  broadcast(clear).apply(['prices'], { queue: 'mail' });
  // @ts-expect-error: there is no result
  call.get();
}
