// @ts-check
/**
 * RabbitMQ's programs for a node of `rabbitmq-node.js`: where they are, the environment in which they mean that node and
 * no other, and its command line.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { HOST } from './ports.js';

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
 * The environment of the node and of its command line: the caller's, without what would reach another RabbitMQ.
 * @param {RabbitNode} node
 * @returns {NodeJS.ProcessEnv}
 */
export function nodeEnv(node) {
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
