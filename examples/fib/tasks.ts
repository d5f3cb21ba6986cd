import { defineTask } from '@tq/core';

/** A task is a function with a name. `fib.run` is the function itself: no message, no worker. */
export const fib = defineTask('fib', (n: number): number => (n < 2 ? n : fib.run(n - 1) + fib.run(n - 2)));
