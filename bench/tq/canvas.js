// @ts-check
/** Sends one kind of canvas and waits for its result, one after the other or many at a time. */
import { chain, chord, group } from '@tq/core';
import { readJob } from '../job.js';
import { measureCalls } from '../measure-calls.js';
import { argsOf, FIRST_TASK, TASK } from '../task.js';
import { createBenchApp } from './app.js';

const job = readJob();
const { size = 1 } = job;
const app = createBenchApp(job);
const echo = app.task(TASK, (/** @type {number} */ n, /** @type {string} */ _text) => n);
const first = app.task(FIRST_TASK, (/** @type {readonly number[]} */ [one = -1]) => one);
const [, text] = argsOf(0);
const others = Array.from({ length: size - 1 }, () => echo.s(text));

/** @param {number} n */
const members = (n) => Array.from({ length: size }, () => echo.s(...argsOf(n)));

/** @type {Readonly<Record<string, (n: number) => Promise<number | undefined>>>} */
const ways = {
  /** As many calls as a chain has steps, each with the result of the one before it. */
  async calls(n) {
    let value = n;
    for (let step = 0; step < size; step++) value = await echo.delay(value, text).get();
    return value;
  },
  chain: (n) =>
    chain(echo.s(...argsOf(n)), ...others)
      .delay()
      .get(),
  group: async (n) => (await group(members(n)).delay().get())[0],
  chord: (n) => chord(members(n), first.s()).delay().get(),
};

const way = ways[job.mode ?? ''];
if (way === undefined) throw new Error(`expected one of ${Object.keys(ways).join(', ')}, found ${job.mode}`);
await measureCalls(job, way);
await app.close();
