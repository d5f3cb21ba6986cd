// @ts-check
/** A web site that logs what its users do, in either of two ways: before it answers, or through a queue. */
import { createServer } from 'node:http';
import { declareTask } from '@tq/core';
import { insert } from './store.js';

/** @import { IncomingMessage, Server } from 'node:http' */
/** @import { Entry } from './store.js' */

/** @type {typeof import('./tasks.js').writeLog} */
const writeLog = declareTask('user-log.write', { ignoreResult: true });

/**
 * Pages under `/written/` are answered when their entry is in the log, those under `/queued/` at once.
 * @param {string} file the log
 * @returns {Server}
 */
export function createSite(file) {
  let entries = 0;
  return createServer(async (request, response) => {
    const entry = describe(request, entries++);
    if (entry.path.startsWith('/queued/')) writeLog.delay(entry, file);
    else await insert(entry, file);
    response.end(`Hello, ${entry.user}\n`);
  });
}

/**
 * @param {IncomingMessage} request
 * @param {number} id
 * @returns {Entry}
 */
function describe({ url = '/', headers }, id) {
  return { id, user: String(headers['x-user'] ?? 'nobody'), path: url, time: new Date().toISOString() };
}
