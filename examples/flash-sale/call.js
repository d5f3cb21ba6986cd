// @ts-check
/** Sends 10,000 orders at once, watches the queue while four slots work them off, and counts what is in the book. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { declareTask, defaultApp } from '@tq/core';
import { drawDepth } from './depth-chart.js';
import { sampleDepth } from './sample-depth.js';

/** @type {typeof import('./tasks.js').order} */
const order = declareTask('order');

const count = Number(process.argv[2] ?? 10_000);
const folder = mkdtempSync(join(tmpdir(), 'flash-sale-'));
const book = join(folder, 'book');

const sampling = sampleDepth(defaultApp().queue('tq'));
/** @type {[number: number, book: string][]} */
const orders = Array.from({ length: count }, (_, index) => [index, book]);
// From here on every order is in the queue, whatever becomes of this program or of the workers.
const results = await order.bulk(orders);
await Promise.all(results.map((result) => result.get()));
const { depths, seconds } = await sampling.stop();

const lines = readFileSync(book, 'utf8').trimEnd().split('\n');
const handled = new Set(lines).size;
rmSync(folder, { recursive: true });

console.log(drawDepth(depths, seconds));
console.log(`${count} orders, ${handled} handled, ${count - handled} lost, ${lines.length - handled} twice`);
