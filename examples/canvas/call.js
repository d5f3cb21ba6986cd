// @ts-check
/** Fetches and parses the pages of a site side by side, stores them when the last one is there, and shows how far that is. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chain, chord, declareTask } from '@tq/core';
import { startProgress } from '../fib/progress.js';
import { drawTree } from './draw-tree.js';

/** @type {typeof import('./tasks.js').findLinks} */
const findLinks = declareTask('find-links');
/** @type {typeof import('./tasks.js').fetchPage} */
const fetchPage = declareTask('fetch');
/** @type {typeof import('./tasks.js').parsePage} */
const parsePage = declareTask('parse');
/** @type {typeof import('./tasks.js').storePages} */
const storePages = declareTask('store');

const site = process.env.SITE_URL ?? 'http://127.0.0.1:9080';
const strict = process.argv.includes('--strict');
const folder = mkdtempSync(join(tmpdir(), 'canvas-'));

const urls = await findLinks.delay(site).get();
const pages = urls.map((url) => chain(fetchPage.s(url, strict), parsePage.s()));
// All ids are fixed now; the pages are on their way, and `store` is sent by the worker that has the last of them.
const result = chord(pages, storePages.s(folder)).delay();
console.log(`tq workflow ${result.id}`);

const header = result.parent;
if (header === undefined || !('iterate' in header)) throw new Error('expected the group before the store');
const progress = startProgress(header.total);
for await (const _page of header.iterate()) progress.advance();
progress.finish();

const report = await result.get().catch((error) => error);
console.log(drawTree(result.tree()));
if (report instanceof Error) console.log(`failed: ${report.message}`);
else console.log(`${readdirSync(folder).length} pages stored, ${report.broken.length} broken link: ${report.broken}`);
rmSync(folder, { recursive: true });
