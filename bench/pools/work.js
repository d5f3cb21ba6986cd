// @ts-check
/** The two tasks of the measurements, for tq's pools and for bare ones. */

/** @typedef {'echo' | 'fib'} TaskName */

/** @type {Readonly<Record<TaskName, (n: number) => number>>} */
export const WORK = { echo: (n) => n, fib };

/**
 * @param {number} n
 * @returns {number}
 */
function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
