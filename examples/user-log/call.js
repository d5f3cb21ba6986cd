// @ts-check
/** Asks the site for many pages in each of its two ways, shows how long they took, and counts what is in the log. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createSite } from './site.js';

/** Users at a time. */
const USERS = 8;

const count = Number(process.argv[2] ?? 400);
const folder = mkdtempSync(join(tmpdir(), 'user-log-'));
const file = join(folder, 'log');
writeFileSync(file, '');
const site = createSite(file).listen(0, '127.0.0.1');
await once(site, 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (site.address());

// Not counted: the first requests open connections, the site's to the broker among them.
for (const way of ['written', 'queued']) await ask(way, USERS);
const written = await ask('written', count);
const queued = await ask('queued', count);
site.close();
site.closeIdleConnections();

console.log(`${`${count} requests each, ${USERS} at a time`.padEnd(36)}     p50       p99`);
console.log(lineOf('answered when the log is written', written));
console.log(lineOf('answered when the queue has the entry', queued));

const entries = await readWhole(2 * (count + USERS));
rmSync(folder, { recursive: true });
const handed = entries.filter(({ path }) => path === '/queued/page');
const different = new Set(handed.map(({ id }) => id)).size;
const [sent, lost, twice] = [count + USERS, count + USERS - different, handed.length - different];
console.log(`${sent} entries through the queue, ${different} in the log, ${lost} lost, ${twice} twice`);

/**
 * @param {string} way
 * @param {number} requests
 * @returns {Promise<number[]>} how long each took, ms, the quickest first
 */
async function ask(way, requests) {
  /** @type {number[]} */
  const latencies = [];
  const loop = async (/** @type {number} */ user) => {
    for (let n = user; n < requests; n += USERS) {
      const startedAt = performance.now();
      const response = await fetch(`http://127.0.0.1:${port}/${way}/page`, { headers: { 'x-user': `user-${user}` } });
      await response.text();
      latencies.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: USERS }, (_, user) => loop(user)));
  return latencies.sort((a, b) => a - b);
}

/**
 * @param {string} way
 * @param {readonly number[]} latencies sorted
 */
function lineOf(way, latencies) {
  const cell = (/** @type {number} */ share) => {
    const index = Math.min(latencies.length - 1, Math.floor(latencies.length * share));
    return `${latencies[index]?.toFixed(1)} ms`.padStart(10);
  };
  return way.padEnd(37) + cell(0.5) + cell(0.99);
}

/**
 * The log as soon as it has so many entries; a worker may need some time more than the site did.
 * @param {number} wanted
 * @returns {Promise<import('./store.js').Entry[]>}
 */
async function readWhole(wanted) {
  for (;;) {
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    if (lines.length >= wanted) return lines.map((line) => JSON.parse(line));
    await wait(50);
  }
}
