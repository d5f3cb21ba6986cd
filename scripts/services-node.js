// @ts-check
/**
 * The one RabbitMQ node that `npm run services` starts for a checkout, as recorded in `.tq/rabbitmq/node.json`. Bench
 * and soak look here for a broker when the environment names none.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { acceptsAmqp } from './ports.js';
import { describeNode, isRunning, nodeUrl, startNode, stopEpmd, stopNode } from './rabbitmq-node.js';

/** @import { RabbitNode } from './rabbitmq-command.js' */

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIR = join(ROOT, '.tq', 'rabbitmq');
const STATE = join(DIR, 'node.json');

/**
 * The services node, when it runs and answers.
 * @returns {Promise<RabbitNode | undefined>}
 */
export async function runningServices() {
  const node = recorded();
  return node !== undefined && isRunning(node) && (await acceptsAmqp(node.port)) ? node : undefined;
}

/**
 * The broker that the environment names: the first set of these variables.
 * @param {readonly string[]} names
 * @returns {string | undefined} an AMQP URL
 */
export function namedBroker(names) {
  return names.map((name) => process.env[name]).find(Boolean);
}

/**
 * The RabbitMQ to measure and to soak: what the environment names, else the services node when it runs.
 * @param {readonly string[]} names
 * @returns {Promise<string | undefined>} an AMQP URL
 */
export async function findBroker(names) {
  const named = namedBroker(names);
  if (named !== undefined) return named;
  const node = await runningServices();
  return node && nodeUrl(node);
}

/**
 * Starts the services node unless it runs. A node that is started anew begins empty.
 * @returns {Promise<RabbitNode>}
 */
export async function startServices() {
  const running = await runningServices();
  if (running) return running;
  await stopServices();
  const node = await describeNode({ dir: DIR, label: 'tq' });
  try {
    await startNode(node);
  } catch (error) {
    stopEpmd(node);
    throw error;
  }
  writeFileSync(STATE, JSON.stringify(node, null, 2));
  return node;
}

/**
 * Stops the services node and deletes what it stored.
 * @returns {Promise<boolean>} whether one was recorded
 */
export async function stopServices() {
  const node = recorded();
  if (node !== undefined) {
    await stopNode(node);
    stopEpmd(node);
  }
  rmSync(DIR, { recursive: true, force: true });
  return node !== undefined;
}

/** @returns {RabbitNode | undefined} */
function recorded() {
  return existsSync(STATE) ? JSON.parse(readFileSync(STATE, 'utf8')) : undefined;
}
