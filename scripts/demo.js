// @ts-check
/**
 * `npm run demo`: a real worker process, a program that calls its task, and the result. Ends with the line
 * `fib(30) = 832040` and 0, or with what went wrong and 1.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { installAndBuild } from './install.js';
import { runScript } from './run.js';
import { findBroker, NO_BROKER, ROOT } from './services-node.js';

/** @import { ChildProcess } from 'node:child_process' */

const EXPECTED = 'fib(30) = 832040';
const RESULT_LINE = /^fib\(30\) = /;
/** What a worker prints once it consumes. */
const READY = /\bready\b/i;
/** How long the worker may take until it consumes, ms. */
const READY_TIMEOUT = 60_000;
/** How long the caller may take for its result, and the worker to end after SIGTERM, ms. */
const STEP_TIMEOUT = 120_000;

await runScript('demo', async () => {
  const url = await findBroker(['TQ_TEST_AMQP_URL', 'TQ_URL']);
  if (url === undefined) throw new Error(NO_BROKER);
  installAndBuild();
  const prefix = `demo-${randomBytes(4).toString('hex')}.`;
  const env = { ...process.env, TQ_URL: url, TQ_PREFIX: prefix };
  const worker = start(
    'worker',
    ['packages/cli/bin/tq.js', 'worker', '--app', 'examples/fib/tasks.ts', '--concurrency', '2'],
    env,
  );
  let found = 'no such line';
  try {
    await lineOf(worker, READY);
    const caller = start('caller', ['examples/fib/call.js'], env);
    caller.lines.on('line', (line) => {
      if (RESULT_LINE.test(line)) found = line;
    });
    await ended(caller);
  } catch (error) {
    // The first failure is the one to report, not what stopping makes of it.
    await stop(worker, url, prefix).catch(() => {});
    throw error;
  }
  await stop(worker, url, prefix);
  if (found !== EXPECTED) throw new Error(`expected \`${EXPECTED}\` from the worker, found ${found}`);
  console.log(EXPECTED);
  return 0;
});

/** @typedef {{ name: string, process: ChildProcess, lines: import('node:events').EventEmitter, end: Promise<unknown> }} Program */

/**
 * Starts a program whose lines are shown under its name; the result is kept for the last line.
 * @param {string} name
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Program}
 */
function start(name, args, env) {
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout });
  createInterface({ input: child.stderr }).on('line', (line) => lines.emit('line', line));
  lines.on('line', (line) => {
    if (!RESULT_LINE.test(line)) console.log(`${name}: ${line}`);
  });
  return { name, process: child, lines, end: once(child, 'close') };
}

/**
 * @param {Program} program
 * @param {RegExp} pattern
 * @throws when the program ends first, or takes too long
 */
async function lineOf(program, pattern) {
  const seen = new Promise((resolve) => program.lines.on('line', (line) => pattern.test(line) && resolve(true)));
  const end = program.end.then(() => Promise.reject(new Error(`the ${program.name} ended before it was ready`)));
  await withLimit(Promise.race([seen, end]), READY_TIMEOUT, program);
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
 * Ends the worker as a service manager would, and deletes what the run declared.
 * @param {Program} worker
 * @param {string} url
 * @param {string} prefix
 */
async function stop(worker, url, prefix) {
  worker.process.kill('SIGTERM');
  await ended(worker).finally(() => deleteNames(url, prefix));
}

/**
 * Deletes what this run declared under its own prefix; the reply queue expires by itself.
 * @param {string} url
 * @param {string} prefix
 */
async function deleteNames(url, prefix) {
  // Only here is amqplib certain to be installed.
  const { connect } = await import('amqplib');
  const connection = await connect(url, { noDelay: true, timeout: 10_000 });
  const channel = await connection.createChannel();
  await channel.deleteQueue(`${prefix}tq`);
  await channel.deleteQueue(`${prefix}tq.dead`);
  await channel.deleteExchange(`${prefix}tq.dead`);
  await connection.close();
}
