// @ts-check
/**
 * `npm run services`: installs RabbitMQ where it is missing, and the foreign clients of test/interop and openssl where it
 * can, starts a node of tq's own for the tests, then prints its URL. Run again, it only prints the URL. `npm run services -- stop` ends the node and deletes its data;
 * `npm run services -- status` prints the URL and ends with 0 when it runs.
 */
import { spawnSync } from 'node:child_process';
import { executable, missingClients } from './foreign-clients.js';
import { findRabbit } from './rabbitmq-command.js';
import { nodeUrl } from './rabbitmq-node.js';
import { runScript } from './run.js';
import { runningServices, startServices, stopServices } from './services-node.js';

/** Read by the command that runs below, so it comes first. */
const APT = '/usr/bin/apt-get';
const COMMANDS = new Map(Object.entries({ start, stop, status }));

await runScript('services', async () => {
  const [name = 'start', ...rest] = process.argv.slice(2);
  const command = COMMANDS.get(name);
  if (command === undefined || rest.length > 0) {
    throw new Error(`expected one of ${[...COMMANDS.keys()].join(', ')}, found \`${[name, ...rest].join(' ')}\``);
  }
  return command();
});

async function status() {
  const node = await runningServices();
  console.log(node ? `TQ_TEST_AMQP_URL=${nodeUrl(node)}` : 'services: not running');
  return node ? 0 : 1;
}

async function start() {
  if (findRabbit() === undefined) installRabbit();
  installClients();
  const node = await startServices();
  console.log(`TQ_TEST_AMQP_URL=${nodeUrl(node)}`);
  return 0;
}

async function stop() {
  console.log((await stopServices()) ? 'services: stopped' : 'services: nothing to stop');
  return 0;
}

/** Installs RabbitMQ with apt-get; anything else is left to the user, in words. */
function installRabbit() {
  const how =
    'install RabbitMQ 3.10 or later (Debian, Ubuntu: sudo apt-get install rabbitmq-server; macOS: brew install rabbitmq)';
  if (!executable(APT)) throw new Error(`RabbitMQ is not installed and there is no apt-get to install it with: ${how}`);
  if (process.getuid?.() !== 0) throw new Error(`RabbitMQ is not installed, and installing it takes root: ${how}`);
  const failure = install(['rabbitmq-server']);
  if (failure !== undefined) throw new Error(`${failure}; ${how}`);
  if (findRabbit() === undefined) throw new Error(`rabbitmq-server was installed and cannot be found; ${how}`);
}

/**
 * Installs the clients that test/interop drives, without which those tests are skipped, or fail where CI is set, and
 * openssl, with which tests make their certificates.
 */
function installClients() {
  const missing = [...missingClients(), ...(hasOpenssl() ? [] : ['openssl'])];
  if (missing.length === 0 || !executable(APT) || process.getuid?.() !== 0) return;
  const failure = install(missing);
  if (failure !== undefined)
    console.error(`services: ${failure}; the tests in test/interop and those of TLS need them`);
}

function hasOpenssl() {
  return spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;
}

/**
 * @param {readonly string[]} packages Debian's
 * @returns {string | undefined} what failed
 */
function install(packages) {
  console.error(`services: installing ${packages.join(', ')} with apt-get`);
  // RUNLEVEL=1 keeps the package from starting the system's own node on port 5672.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...packages]]) {
    const { status } = spawnSync(APT, args, { env, stdio: ['ignore', 2, 2] });
    if (status !== 0) return `apt-get ${args.join(' ')} ended with ${status}`;
  }
  return undefined;
}
