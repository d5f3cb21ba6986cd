// @ts-check
/** Sends a thousand calls, then one more. It imports the task's type alone: the code of a task stays with the worker. */
import { declareTask } from '@tq/core';
import { startProgress } from './progress.js';

/** @type {typeof import('./tasks.js').fib} */
const fib = declareTask('fib');

/** @type {[n: number][]} */
const calls = Array.from({ length: 1_000 }, (_, index) => [index % 20]);

// Sends them all and waits until the broker has confirmed each: from here on no call is lost.
const results = await fib.bulk(calls);

const progress = startProgress(calls.length);
for (const result of results) {
  await result.get();
  progress.advance();
}
progress.finish();

console.log(`fib(30) = ${await fib.delay(30).get()}`);
