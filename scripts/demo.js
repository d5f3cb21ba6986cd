// @ts-check
/**
 * `npm run demo`: a real worker process, a program that calls its task, and the result. Ends with the line
 * `fib(30) = 832040` and 0, or with what went wrong and 1. `npm run demo -- decorators` shows another example.
 *
 * Takes the broker of TQ_TEST_AMQP_URL or TQ_URL, else starts an embedded one for itself.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DEMOS } from './demos.js';
import { installAndBuild } from './install.js';
import { runScript } from './run.js';
import { namedBroker, ROOT } from './services-node.js';

/** @import { ChildProcess } from 'node:child_process' */
/** @import { Demo, Left } from './demos.js' */

const TQ = 'packages/cli/bin/tq.js';

/** What a worker prints once it consumes. */
const READY = /\bready\b/i;
/** How long a program may take until it is ready, for its result, and to end after SIGTERM, ms. */
const STEP_TIMEOUT = 120_000;

await runScript('demo', async () => {
  const [name = 'fib'] = process.argv.slice(2);
  const demo = DEMOS.get(name);
  if (demo === undefined) throw new Error(`expected one of ${[...DEMOS.keys()].join(', ')}, found '${name}'`);
  installAndBuild();
  const url = namedBroker(['TQ_TEST_AMQP_URL', 'TQ_URL']);
  // Last, as whoever looks at the end of the output expects it.
  console.log(url === undefined ? await showOnItsOwn(name, demo) : await showOn(url, name, demo));
  return 0;
});

/**
 * @param {string} name
 * @param {Demo} demo
 */
async function showOnItsOwn(name, demo) {
  const broker = start('broker', [TQ, 'broker', '--memory', '--port', '0', '--json'], {});
  try {
    const { url } = JSON.parse(await lineOf(broker, /^\{"url":/));
    return await show(name, demo, { TQ_URL: url });
  } finally {
    broker.process.kill('SIGTERM');
    await ended(broker);
  }
}

/**
 * @param {string} url
 * @param {string} name
 * @param {Demo} demo
 */
async function showOn(url, name, demo) {
  const prefix = `demo-${randomBytes(4).toString('hex')}.`;
  const line = await show(name, demo, { TQ_URL: url, TQ_PREFIX: prefix }).catch(async (error) => {
    await deleteNames(url, prefix, demo.left).catch(() => {});
    throw error;
  });
  await deleteNames(url, prefix, demo.left);
  return line;
}

/**
 * Runs the workers and the caller, and ends the workers as a service manager would.
 * @param {string} name of the example
 * @param {Demo} demo
 * @param {NodeJS.ProcessEnv} env where the broker is
 * @returns the caller's line
 */
async function show(name, demo, env) {
  const { beside, folder } = demo;
  if (folder !== undefined) return inFolder((path) => showCall(name, demo, { ...env, [folder]: path }));
  if (beside === undefined) return showCall(name, demo, env);
  const program = start('beside', beside.args, { PORT: '0' });
  try {
    const [, address] = beside.address.exec(await lineOf(program, beside.address)) ?? [];
    return await showCall(name, demo, { ...env, [beside.variable]: address });
  } finally {
    program.process.kill('SIGTERM');
    await ended(program);
  }
}

/**
 * @param {(path: string) => Promise<string>} use
 */
async function inFolder(use) {
  const path = mkdtempSync(join(tmpdir(), 'tq-demo-'));
  try {
    return await use(path);
  } finally {
    rmSync(path, { recursive: true });
  }
}

/**
 * @param {string} name of the example
 * @param {Demo} demo
 * @param {NodeJS.ProcessEnv} env where the broker is, and what runs beside
 * @returns the caller's line
 */
async function showCall(name, { call, expected, concurrency = 2, shown, ...demo }, env) {
  const ofTasks = ['--app', `examples/${name}/tasks.ts`, '--concurrency', String(concurrency)];
  const workers = (demo.workers ?? [ofTasks]).map((args) => start('worker', [TQ, 'worker', ...args], env));
  let line = '';
  try {
    await Promise.all(workers.map((worker) => lineOf(worker, READY)));
    const seen = shown === undefined ? undefined : Promise.any(workers.map((worker) => lineOf(worker, shown)));
    const caller = start('caller', call, env);
    [line] = await Promise.all([lineOf(caller, expected), ended(caller), seen]);
  } catch (error) {
    // The first failure is the one to report, not what stopping makes of it.
    for (const worker of workers) worker.process.kill('SIGKILL');
    throw error;
  }
  for (const worker of workers) worker.process.kill('SIGTERM');
  await Promise.all(workers.map(ended));
  return line;
}

/** @typedef {{ name: string, process: ChildProcess, lines: import('node:events').EventEmitter, end: Promise<unknown> }} Program */

/**
 * Starts a program whose lines are shown under its name.
 * @param {string} name
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env added to this process's environment
 * @returns {Program}
 */
function start(name, args, env) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = createInterface({ input: child.stdout });
  createInterface({ input: child.stderr }).on('line', (line) => lines.emit('line', line));
  lines.on('line', (line) => console.log(`${name}: ${line}`));
  return { name, process: child, lines, end: once(child, 'close') };
}

/**
 * The first line that fits.
 * @param {Program} program
 * @param {RegExp} wanted
 * @throws when the program ends first, or takes too long
 */
async function lineOf(program, wanted) {
  /** @type {string | undefined} */
  let found;
  const seen = new Promise((resolve) =>
    program.lines.on('line', (line) => {
      if (!wanted.test(line)) return;
      found ??= line;
      resolve(line);
    }),
  );
  await withLimit(Promise.race([seen, program.end]), STEP_TIMEOUT, program);
  if (found === undefined)
    throw new Error(`expected a line that fits ${wanted} from the ${program.name}, found its end`);
  return found;
}

/**
 * @param {Program} program
 * @throws when the program ends with another code than 0, or takes too long (it is killed then)
 */
async function ended(program) {
  await withLimit(program.end, STEP_TIMEOUT, program);
  const { exitCode, signalCode } = program.process;
  if (exitCode !== 0) throw new Error(`expected the ${program.name} to end with 0, found ${exitCode ?? signalCode}`);
}

/**
 * @param {Promise<unknown>} promise
 * @param {number} limit ms
 * @param {Program} program
 */
async function withLimit(promise, limit, program) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      program.process.kill('SIGKILL');
      reject(new Error(`the ${program.name} took longer than ${limit / 1000} s and was killed`));
    }, limit);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Deletes what this run declared under its own prefix; the reply queue expires by itself.
 * @param {string} url
 * @param {string} prefix
 * @param {Left} [left] beside the queue of an app's tasks
 */
async function deleteNames(url, prefix, left = { queues: [], exchanges: [] }) {
  // Only here is amqplib certain to be installed.
  const { connect } = await import('amqplib');
  const connection = await connect(url, { noDelay: true, timeout: 10_000 });
  const channel = await connection.createChannel();
  for (const queue of ['tq', ...left.queues]) {
    await channel.deleteQueue(prefix + queue);
    await channel.deleteQueue(`${prefix}${queue}.dead`);
  }
  for (const exchange of ['tq.dead', 'tq.broadcast.all', 'tq.workflows', ...left.exchanges])
    await channel.deleteExchange(prefix + exchange);
  await connection.close();
}
