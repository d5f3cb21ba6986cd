// @ts-check
/** The centre: it sends n, and whichever compute node is free answers. */
import { declareTask } from '@tq/core';

/** @type {typeof import('./tasks.js').increment} */
const increment = declareTask('increment');

const n = Number(process.argv[2] ?? 41);
console.log(`${n} + 1 = ${await increment.delay(n).get()}`);
