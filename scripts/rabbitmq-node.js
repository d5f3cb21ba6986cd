// @ts-check
/**
 * Starts and stops one RabbitMQ node that belongs to whoever calls: its own name, ports, cookie, home, data and logs,
 * loopback only. Nothing global is read or written, so a RabbitMQ that already runs on the machine is never touched.
 * Used by `npm run services` and by the tests; it runs before anything is installed and therefore has no dependency.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acceptsAmqp, answers, freePort, HOST } from './ports.js';
import { commandOf, hasEnded } from './process-state.js';

/** How long a node may take to accept AMQP, in ms: a cold start takes 4 s on two idle cores. */
const START_TIMEOUT = 120_000;
/** Name of the file in the node's folder with the ids of its processes, separated by a space. */
export const PIDS_FILE = 'pids';
/** How long a node may take to stop by itself before it is killed, in ms. */
const STOP_TIMEOUT = 60_000;

/**
 * A node's description: plain data, so that it can be written to a file and read by a later command.
 * @typedef {object} RabbitNode
 * @property {string} dir folder that holds everything of the node
 * @property {string} name Erlang node name, `x@localhost`
 * @property {number} port AMQP port
 * @property {number} distPort port of the Erlang distribution
 * @property {number} epmdPort port of the name server that the node shares with its cluster only
 * @property {string} cookie secret shared by the nodes of a cluster and their command line
 * @property {string} config lines appended to rabbitmq.conf
 * @property {readonly string[]} plugins those that are enabled
 * @property {number | undefined} [pid] the running node
 * @property {number | undefined} [epmdPid] the name server, when this node started it
 */

/**
 * The folder with RabbitMQ's own scripts, or undefined when it is not installed. Debian's wrappers in /usr/sbin change
 * to the user `rabbitmq` and read /etc/rabbitmq, so the scripts behind them are preferred.
 * @returns {string | undefined}
 */
export function findRabbit() {
  const debian = '/usr/lib/rabbitmq/lib';
  const versions = existsSync(debian) ? readdirSync(debian).filter((name) => name.startsWith('rabbitmq_server-')) : [];
  const folders = versions.sort().map((name) => join(debian, name, 'sbin'));
  const path = (process.env.PATH ?? '').split(delimiter);
  return [...folders.reverse(), ...path, '/opt/homebrew/sbin', '/usr/local/sbin'].find((folder) => {
    try {
      accessSync(join(folder, 'rabbitmq-server'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

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

/**
 * Runs rabbitmqctl against the node and returns what it printed; about 1 s each.
 * @param {RabbitNode} node
 * @param {readonly string[]} args
 * @returns {Promise<string>}
 * @throws with rabbitmqctl's own text when it fails
 */
export function nodeCtl(node, args) {
  const sbin = findRabbit();
  if (sbin === undefined)
    throw new Error('expected RabbitMQ to be installed, found no rabbitmqctl; run: npm run services');
  return new Promise((resolve, reject) => {
    execFile(
      join(sbin, 'rabbitmqctl'),
      ['--quiet', '--node', node.name, ...args],
      { env: nodeEnv(node) },
      (error, stdout, stderr) => {
        if (error)
          reject(
            new Error(`rabbitmqctl ${args.join(' ')} on ${node.name} failed: ${stderr || stdout || error.message}`),
          );
        else resolve(stdout);
      },
    );
  });
}

/**
 * Evaluates Erlang expressions on the node and returns the value of the last as Erlang writes it. Through erl_call, which
 * comes with Erlang and answers in milliseconds, where it is in the path; else through rabbitmqctl, which starts an Erlang
 * of its own for a second of CPU.
 * @param {RabbitNode} node
 * @param {string} expressions each but the last followed by a comma, the last by a full stop
 * @returns {Promise<string>}
 * @throws with Erlang's own text when an expression fails
 */
export async function nodeEval(node, expressions) {
  const { error, output } = await callErlang(node, expressions);
  if (error?.code === 'ENOENT') return (await nodeCtl(node, ['eval', expressions])).trim();
  const [, value] = /^\{ok, ?(.*)\}$/s.exec(output.trim()) ?? [];
  if (error === null && value !== undefined) return value;
  throw new Error(`erl_call '${expressions}' on ${node.name} failed: ${output || error?.message}`);
}

/**
 * @param {RabbitNode} node
 * @param {string} expressions
 * @returns {Promise<{ error: import('node:child_process').ExecFileException | null, output: string }>}
 */
function callErlang(node, expressions) {
  return new Promise((resolve) => {
    // It reads the node's cookie in the home directory, so that the cookie is on no command line.
    const words = ['-n', node.name, '-e'];
    const child = execFile('erl_call', words, { env: nodeEnv(node) }, (error, stdout, stderr) => {
      resolve({ error, output: stdout + stderr });
    });
    // A program that is not there takes no input: the callback has the reason.
    child.stdin?.on('error', () => {}).end(`${expressions}\n`);
  });
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
 * The environment of the node and of its command line: the caller's, without what would reach another RabbitMQ.
 * @param {RabbitNode} node
 * @returns {NodeJS.ProcessEnv}
 */
function nodeEnv(node) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(RABBITMQ_|ERL_|NOTIFY_SOCKET$)/.test(name));
  return {
    ...Object.fromEntries(inherited),
    HOME: join(node.dir, 'home'),
    ERL_CRASH_DUMP: join(node.dir, 'erl_crash.dump'),
    ERL_EPMD_PORT: String(node.epmdPort),
    ERL_EPMD_ADDRESS: HOST,
    RABBITMQ_NODENAME: node.name,
    RABBITMQ_DIST_PORT: String(node.distPort),
    RABBITMQ_CONF_ENV_FILE: join(node.dir, 'empty.conf'),
    RABBITMQ_CONFIG_FILE: join(node.dir, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(node.dir, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(node.dir, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(node.dir, 'data'),
    RABBITMQ_LOG_BASE: join(node.dir, 'log'),
    RABBITMQ_PID_FILE: join(node.dir, 'node.pid'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(node.dir, 'generated'),
    RABBITMQ_SCHEMA_DIR: join(node.dir, 'schema'),
    // Two nodes bound to the same cores would share one and leave the other idle.
    RABBITMQ_SCHEDULER_BIND_TYPE: 'u',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: [
      '+S 2:2 +SDcpu 2:2 +B i',
      '-kernel inet_dist_use_interface {127,0,0,1}',
      // What a quorum queue dead-letters while the next queue is not back yet from a restart comes again after this, ms,
      // instead of three minutes.
      '-rabbit dead_letter_worker_publisher_confirm_timeout 2000',
    ].join(' '),
    // Makes the start script become the node instead of its parent: one process, whose id is the child's.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
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
