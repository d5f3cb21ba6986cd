// @ts-check
/**
 * Starts and stops one RabbitMQ node that belongs to whoever calls: its own name, ports, cookie, home, data and logs,
 * loopback only. Nothing global is read or written, so a RabbitMQ that already runs on the machine is never touched.
 * Used by `npm run services` and by the tests; it runs before anything is installed and therefore has no dependency.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acceptsAmqp, answers, freePort, HOST } from './ports.js';
import { commandOf, hasEnded } from './process-state.js';
import { findRabbit, nodeEnv } from './rabbitmq-command.js';

/** @import { RabbitNode } from './rabbitmq-command.js' */

/** How long a node may take to accept AMQP, in ms: a cold start takes 4 s on two idle cores. */
const START_TIMEOUT = 120_000;
/** Name of the file in the node's folder with the ids of its processes, separated by a space. */
export const PIDS_FILE = 'pids';
/** How long a node may take to stop by itself before it is killed, in ms. */
const STOP_TIMEOUT = 60_000;

/**
 * Describes a node: new ports and cookie, or those of the cluster that it joins. Starts nothing.
 * @param {{ dir: string, label: string, config?: string | undefined, plugins?: readonly string[] | undefined, cluster?: RabbitNode | undefined }} options
 * @returns {Promise<RabbitNode>}
 */
export async function describeNode({ dir, label, config = '', plugins = [], cluster }) {
  const name = `${label}@localhost`;
  const joining = cluster
    ? [
        'cluster_formation.peer_discovery_backend = classic_config',
        `cluster_formation.classic_config.nodes.1 = ${cluster.name}`,
        `cluster_formation.classic_config.nodes.2 = ${name}`,
      ]
    : [];
  return {
    dir,
    name,
    port: await freePort(),
    distPort: await freePort(),
    epmdPort: cluster ? cluster.epmdPort : await freePort(),
    cookie: cluster ? cluster.cookie : randomBytes(16).toString('hex').toUpperCase(),
    config: [...joining, config].join('\n'),
    plugins,
  };
}

/**
 * The node's URL with RabbitMQ's default user, which may log in from loopback only.
 * @param {RabbitNode} node
 */
export const nodeUrl = (node) => `amqp://guest:guest@${HOST}:${node.port}`;

/**
 * Starts the node and waits until it speaks AMQP. Data from an earlier run in the same folder is kept.
 * @param {RabbitNode} node gets its `pid`, and `epmdPid` when the name server had to be started
 * @throws with the end of the node's log when the node ends or does not answer in time
 */
export async function startNode(node) {
  const sbin = findRabbit();
  if (sbin === undefined)
    throw new Error('expected RabbitMQ to be installed, found no rabbitmq-server; run: npm run services');
  writeFiles(node);
  const env = nodeEnv(node);
  if (!(await answers(node.epmdPort, Buffer.alloc(0)))) node.epmdPid = await startEpmd(node, env);
  const log = openSync(join(node.dir, 'console.log'), 'a');
  // The system's soft limit of open files is often 1,024, which a few hundred queues use up; raised as far as allowed.
  const script =
    'n=$(ulimit -Hn); { [ "$n" = unlimited ] || [ "$n" -gt 65536 ]; } && n=65536; ulimit -n "$n"; exec "$0"';
  const child = spawn('/bin/sh', ['-c', script, join(sbin, 'rabbitmq-server')], {
    env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  await once(child, 'spawn');
  node.pid = child.pid;
  // For whoever cleans up after a caller that was killed.
  writeFileSync(join(node.dir, PIDS_FILE), [node.pid, node.epmdPid].filter((pid) => pid !== undefined).join(' '));
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  const deadline = Date.now() + START_TIMEOUT;
  while (!(await acceptsAmqp(node.port))) {
    if (!ended && Date.now() < deadline) {
      await delay(50);
      continue;
    }
    await killNode(node);
    const found = ended ? 'it ended' : `no answer within ${START_TIMEOUT / 1000} s`;
    throw new Error(
      `expected RabbitMQ node ${node.name} to accept AMQP on port ${node.port}, found: ${found}\n${logTail(node)}`,
    );
  }
}

/**
 * Stops the node in order (connections closed, data flushed) and waits for its end; kills it when that takes too long.
 * @param {RabbitNode} node
 */
export async function stopNode(node) {
  if (!isRunning(node)) return;
  process.kill(/** @type {number} */ (node.pid), 'SIGTERM');
  if (!(await ends(node, STOP_TIMEOUT))) await killNode(node);
}

/**
 * SIGKILL: a crash of the node. Waits for the end of the process.
 * @param {RabbitNode} node
 */
export async function killNode(node) {
  if (!isRunning(node)) return;
  process.kill(/** @type {number} */ (node.pid), 'SIGKILL');
  await ends(node, STOP_TIMEOUT);
}

/**
 * Ends the name server that this node started; a cluster's other nodes must have stopped.
 * @param {RabbitNode} node
 */
export function stopEpmd(node) {
  if (node.epmdPid !== undefined && commandOf(node.epmdPid).includes(String(node.epmdPort))) process.kill(node.epmdPid);
  node.epmdPid = undefined;
}

/**
 * Whether the recorded process is alive and is this node (a process id may have been given to another program since).
 * @param {RabbitNode} node
 */
export function isRunning(node) {
  return node.pid !== undefined && commandOf(node.pid).includes(node.dir);
}

/** @param {RabbitNode} node */
function writeFiles(node) {
  const home = join(node.dir, 'home');
  mkdirSync(home, { recursive: true });
  const cookie = join(home, '.erlang.cookie');
  if (!existsSync(cookie)) writeFileSync(cookie, node.cookie, { mode: 0o400 });
  writeFileSync(join(node.dir, 'empty.conf'), '');
  // `?? []`: a node that an earlier version has described names none.
  writeFileSync(join(node.dir, 'enabled_plugins'), `[${(node.plugins ?? []).join(',')}].\n`);
  const lines = [
    `listeners.tcp.1 = ${HOST}:${node.port}`,
    'disk_free_limit.absolute = 1MB',
    'log.file.level = info',
    node.config,
  ];
  writeFileSync(join(node.dir, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
}

/**
 * @param {RabbitNode} node
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number | undefined>} the process id of the name server
 */
async function startEpmd(node, env) {
  const child = spawn('epmd', ['-port', String(node.epmdPort), '-address', HOST], {
    env,
    cwd: dirname(node.dir),
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  await once(child, 'spawn');
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await delay(10)) {
    if (await answers(node.epmdPort, Buffer.alloc(0))) return child.pid;
  }
  throw new Error(
    `expected Erlang's name server (epmd) to listen on port ${node.epmdPort} within 10 s, found nothing there`,
  );
}

/**
 * @param {RabbitNode} node
 * @param {number} timeout ms
 */
async function ends(node, timeout) {
  for (const deadline = Date.now() + timeout; Date.now() < deadline; await delay(20)) {
    if (node.pid === undefined || hasEnded(node.pid)) {
      node.pid = undefined;
      return true;
    }
  }
  return false;
}

/** @param {RabbitNode} node */
function logTail(node) {
  const file = join(node.dir, 'console.log');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-20).join('\n') : '';
}
