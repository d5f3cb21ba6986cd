// @ts-check
/** The task of all measurements: its name, and the arguments of a call (120 bytes of body, as a small task has). */

export const TASK = 'bench.echo';
/** What a chord ends with: it gives the first of the list that it gets. */
export const FIRST_TASK = 'bench.first';

const TEXT = 'the quick brown fox jumps over the lazy dog, and then over the other one that lies beside it';

/**
 * @param {number} n
 * @returns {[n: number, text: string]}
 */
export const argsOf = (n) => [n, TEXT];
