/** Tasks of the plain wire: their handlers take one argument, the body, and their calls are typed as any task's. */
import { currentTask, defineTask, type ForeignMessage, plainCall, plainQueue, type TaskOf } from '@tq/core';
import { z } from 'zod';
import { same } from './equal.js';

const fib = defineTask('fib', (n: number): number => n, { queue: 'rpc_queue', wire: 'plain' });
same<TaskOf<'fib', (n: number) => number>, typeof fib>();
fib.delay(30);
// @ts-expect-error: the body is a number
fib.delay('30');
const byObject = defineTask({ name: 'fob', queue: 'rpc_queue', wire: 'plain', format: 'json' }, async (n: number) => n);
same<TaskOf<'fob', (n: number) => Promise<number>>, typeof byObject>();

/** A text needs no type of its own. */
const shout = defineTask('shout', (text) => text.toUpperCase(), { queue: 'texts', wire: 'plain', format: 'text' });
shout.delay('hello');
// @ts-expect-error: the body is a string
shout.delay(5);
// @ts-expect-error: a text is no number
defineTask('twice', (n: number) => 2 * n, { queue: 'texts', wire: 'plain', format: 'text' });
// @ts-expect-error: JSON may be anything, so its parameter says what
defineTask('untyped', (body) => String(body), { queue: 'q', wire: 'plain' });

defineTask('none', () => 'pong', { queue: 'q', wire: 'plain' });
defineTask('optional', (n?: number) => n ?? 0, { queue: 'q', wire: 'plain' });
// @ts-expect-error: a message has one body
defineTask('sum', (a: number, b: number) => a + b, { queue: 'q', wire: 'plain' });
// @ts-expect-error: in the object too
defineTask({ name: 'sum', queue: 'q', wire: 'plain' }, (a: number, b: number) => a + b);
defineTask('sum', (a: number, b: number) => a + b, { queue: 'q', wire: 'celery' });
// @ts-expect-error: there are two wires
defineTask('wires', (n: number) => n, { queue: 'q', wire: 'json' });
// @ts-expect-error: and two formats
defineTask('formats', (n: number) => n, { queue: 'q', wire: 'plain', format: 'xml' });

/** A schema says what the body is. */
const order = defineTask('order', ({ id }) => id, {
  queue: 'orders',
  wire: 'plain',
  args: z.tuple([z.object({ id: z.number() })]),
});
order.delay({ id: 5 });
// @ts-expect-error: the id is a number
order.delay({ id: 'five' });

same<ForeignMessage | undefined, ReturnType<typeof messageOf>>();
export const messageOf = () => currentTask().message;

/** Queues of foreign programs: the handler takes what is published. */
export async function plainQueues(): Promise<void> {
  const orders = plainQueue<{ readonly id: number }>('orders');
  await orders.publish({ id: 5 });
  // @ts-expect-error: the id is a number
  await orders.publish({ id: 'five' });
  // @ts-expect-error: each body is an order
  await orders.bulk([{ id: 5 }, 6]);
  await orders.consume(({ id }, { appId }) => [id + 1, appId]);
  // @ts-expect-error: an order is no text
  await orders.consume((order: string) => order);
  // @ts-expect-error: a handler gets the body and the message
  await orders.consume((order: { readonly id: number }, _: ForeignMessage, more: number) => [order, more]);
  // @ts-expect-error: a time in ms
  await orders.consume(() => undefined, { stopTimeout: '1s' });
  same<string, Awaited<ReturnType<typeof asked>>>();
  // @ts-expect-error: bytes are no text
  await plainCall('rpc_queue', 'text', { format: 'bytes', schema: undefined }).then((answer: string) => answer);
}
const asked = () => plainCall('rpc_queue', 30, { format: 'text' });
