import { defineTask } from '@tq/core';

/** The server of RabbitMQ's RPC tutorial: a body such as `30` comes in, and `832040` goes to `reply_to`. */
export const fib = defineTask('fib', (n: number): number => (n < 2 ? n : fib.run(n - 1) + fib.run(n - 2)), {
  queue: 'rpc_queue',
  wire: 'plain',
});
