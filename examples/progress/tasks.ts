import { currentTask, defineTask } from '@tq/core';

/** Counts the primes up to `limit`, and says how far it is. It never awaits: in a thread that holds nobody up. */
export const countPrimes = defineTask('count-primes', (limit: number): number => {
  const { progress } = currentTask();
  let primes = 0;
  for (let n = 2; n <= limit; n++) {
    if (isPrime(n)) primes++;
    // As often as is convenient: the caller is told ten times a second at most.
    if (n % 1_000 === 0) progress(n, limit, `${primes} primes`);
  }
  return primes;
});

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}
