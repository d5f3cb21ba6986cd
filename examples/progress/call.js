// @ts-check
/** Calls a long task and shows how far it is: a line that is written over on a terminal, lines anywhere else. */
import { declareTask } from '@tq/core';

/** @type {typeof import('./tasks.js').countPrimes} */
const countPrimes = declareTask('count-primes');

const limit = Number(process.argv[2] ?? 1_000_000);
const result = countPrimes.delay(limit);

const out = process.stdout;
for await (const { done, message } of result.progress()) {
  const text = `${Math.floor((100 * done) / limit)}% ${message}`;
  out.write(out.isTTY ? `\r${text}` : `${text}\n`);
}
if (out.isTTY) out.write('\n');

// The progress has ended, and so has the task; how, its result says.
console.log(`${await result.get()} primes up to ${limit}`);
