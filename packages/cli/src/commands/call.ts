import { broadcast } from '@tq/core';
import {
  type App,
  type CallOptions,
  findTask,
  internalsOf,
  parseDuration,
  parseIsoTime,
  requireInteger,
  serialize,
  traceOptions,
} from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import { showProgress } from '../call/show-progress.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { noteLogger } from '../note-logger.js';
import { APP_OPTION, openApp } from '../open-app.js';
import type { Output } from '../output.js';
import { onStopSignals, type StopSignal, signalExitCode } from '../signals.js';
import { UsageError } from '../usage.js';

/** How long a person waits for a broker that does not answer, unless TQ_PUBLISH_TIMEOUT or the config file says otherwise, ms. */
const CONFIRM_TIMEOUT_MS = 10_000;

/** `tq call`: publishes one call by the task's name; uses the task file where there is one, and needs none. */
export const call: Command = {
  details:
    'Each argument is JSON: 30, \'"text"\', \'{"a":1}\', null. No task file is needed: broker and queue come from TQ_* ' +
    'variables or the config file. Where there is one, the call goes to the queue of the task and its schema checks it.',
  options: {
    ...APP_OPTION,
    queue: {
      kind: 'text',
      complete: 'task-queue',
      describe: "Queue to publish to, without the prefix. Default: the task's, else TQ_QUEUE or tq",
    },
    exchange: {
      kind: 'text',
      describe: 'Publish to this exchange instead of a queue, without the prefix (amq.topic and the like have none)',
    },
    'routing-key': { kind: 'text', describe: 'Routing key for the exchange. Default: none' },
    broadcast: {
      kind: 'flag',
      describe: 'Call it on every worker, wait for the confirm only, and print the id: there is no result',
    },
    timeout: {
      kind: 'text',
      describe:
        'How long to wait in all: 500ms, 10s, 5m. Default: TQ_RESULT_TIMEOUT or 60s, from when the task may start',
    },
    countdown: { kind: 'text', describe: 'Start no earlier than so long from now: 10s, 5m, 2h' },
    eta: { kind: 'text', describe: 'Start no earlier than at this time, ISO 8601, UTC unless it has a zone' },
    expires: { kind: 'text', describe: 'Do not start after so long from now (10s, 5m), or after this time (ISO 8601)' },
    'no-wait': { kind: 'flag', describe: "Wait for the broker's confirm only, ask for no result, and print the id" },
    progress: {
      kind: 'flag',
      describe: 'Show how far the task is, as it says itself; with --json as {"id", "progress"}',
    },
    json: { kind: 'flag', describe: 'Print {"id", "result"} or {"id"}, and errors as {"error"}' },
  },
  examples: [
    ['call fib 30', 'Call fib(30) and print its result'],
    ['call mail.send \'"ada@example.com"\' \'"Hello"\' --queue mail --no-wait', 'Send a call and do not wait'],
    ['call report \'{"year":2026}\' --timeout 5m --json', 'Wait up to five minutes, print JSON'],
    ['call import --progress --timeout 1h', 'Draw a bar while it runs'],
    ['call report --countdown 1h --expires 2h --no-wait', 'Start in an hour, and no later than in two'],
    ['call report --app lib/jobs.ts#app', 'Call a task of another file: its broker, its queue, its schema'],
    ['call cache.clear --broadcast', 'Have every worker run it'],
    ['call sum -- -1 -2', 'Words that begin with a dash go after --'],
  ],
  positionals: { min: 1, max: Number.POSITIVE_INFINITY, complete: 'task' },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const [name = '', ...words] = args.positionals;
  const values = words.map((word, index) => parseArgument(word, index + 1, args.command));
  const timeout = timeoutOf(args);
  const times = timesOf(args);
  refuseAddress(args);
  refuseProgress(args);
  const { app } = await openApp(args, noteLogger(output));
  const stopping = new AbortController();
  let stopped: StopSignal | undefined;
  const release = onStopSignals([
    (signal) => {
      stopped = signal;
      stopping.abort();
    },
  ]);
  try {
    await send({ app, name, values, timeout, times, args, output, signal: stopping.signal });
    return EXIT.ok;
  } catch (error) {
    if (stopped === undefined) throw error;
    output.note(`${stopped}: no longer waiting; a call that is in its queue runs all the same.`);
    return signalExitCode(stopped);
  } finally {
    await app.close();
    release();
  }
}

interface Call {
  readonly app: App;
  readonly name: string;
  readonly values: readonly unknown[];
  /** For the confirm and the result together, ms. */
  readonly timeout: number | undefined;
  readonly times: Times;
  readonly args: Arguments;
  readonly output: Output;
  readonly signal: AbortSignal;
}

async function send({ app, name, values, timeout, times, args, output, signal }: Call): Promise<void> {
  const { options, registry } = internalsOf(app);
  const noWait = args.flag('no-wait');
  const total = timeout ?? options.resultTimeout + delayOf(times);
  const deadline = Math.min(total, confirmTimeout(options.publishTimeout));
  const known = findTask(name, registry);
  const task = app.declareTask(name, { queue: args.text('queue') ?? known?.own?.queue, args: known?.args });
  if (args.flag('broadcast')) {
    const call = broadcast(task).apply(values as never[], { deadline, signal, ...times });
    await call;
    output.print(output.json ? JSON.stringify({ id: call.id }) : call.id);
    return;
  }
  const target = { exchange: args.text('exchange'), routingKey: args.text('routing-key') };
  const result = task.apply(values as never[], { deadline, ignoreResult: noWait, signal, ...target, ...times });
  if (noWait) {
    await result.published;
    output.print(output.json ? JSON.stringify({ id: result.id }) : result.id);
    return;
  }
  const value = result.get({ timeout: total, signal });
  const ended = new AbortController();
  value.catch(() => ended.abort());
  const shown = args.flag('progress') ? showProgress(result, { output, signal: ended.signal }) : undefined;
  // First, so that a broker that cannot be reached is told from a result that does not come.
  await result.published;
  await shown;
  if (output.json) output.print(resultLine(result.id, await value));
  else output.printValue(await value);
}

/** The app's own, unless nobody has set one. */
function confirmTimeout(ofApp: number): number {
  const { values, sources } = traceOptions({}, process.env);
  const isDefault = sources.publishTimeout.kind === 'default' && ofApp === values.publishTimeout;
  return isDefault ? CONFIRM_TIMEOUT_MS : ofApp;
}

/** What goes to every worker goes nowhere else. */
function refuseAddress(args: Arguments): void {
  if (!args.flag('broadcast')) return;
  const address = ['queue', 'exchange', 'routing-key'].find((option) => args.text(option) !== undefined);
  if (address === undefined) return;
  throw new UsageError(`--broadcast: expected no --${address} beside it, found both.`, args.command);
}

/** Nobody would be told of it. */
function refuseProgress(args: Arguments): void {
  const without = args.flag('progress') ? ['no-wait', 'broadcast'].find((option) => args.flag(option)) : undefined;
  if (without === undefined) return;
  throw new UsageError(`--progress: expected no --${without} beside it, found both.`, args.command);
}

function parseArgument(word: string, position: number, command: string): unknown {
  if (/^-?\d+$/.test(word) && !Number.isSafeInteger(Number(word))) {
    const text = `Argument ${position}: expected a number that JavaScript keeps, found ${word}. Pass it as text.`;
    throw new UsageError(text, command);
  }
  try {
    return JSON.parse(word);
  } catch {
    // Most often it is text whose quotes the shell has eaten.
    const hint = `For text, quote it twice: '${JSON.stringify(word)}'.`;
    throw new UsageError(
      `Argument ${position}: expected JSON, found ${word === '' ? 'nothing' : word}. ${hint}`,
      command,
    );
  }
}

function timeoutOf(args: Arguments): number | undefined {
  const text = args.text('timeout');
  if (text === undefined) return undefined;
  return requireInteger(parseDuration(text, '--timeout'), '--timeout (ms)', { min: 1, max: 2_147_483_647 });
}

/** When the task may start and until when, as the call takes it. */
type Times = Pick<CallOptions, 'countdown' | 'eta' | 'expires'>;

function timesOf(args: Arguments): Times {
  const [countdown, eta, expires] = ['countdown', 'eta', 'expires'].map((option) => args.text(option));
  return {
    countdown: countdown === undefined ? undefined : parseDuration(countdown, '--countdown'),
    eta: eta === undefined ? undefined : (timeOf(eta) ?? failTime('--eta', 'a time', eta, args.command)),
    expires: expires === undefined ? undefined : (timeOf(expires) ?? durationOf(expires, args.command)),
  };
}

function durationOf(text: string, command: string): number {
  if (/^[\d.]+(ms|[smhd])$/.test(text)) return parseDuration(text, '--expires');
  return failTime('--expires', 'a duration such as 10s or 5m, or a time', text, command);
}

function timeOf(text: string): Date | undefined {
  const ms = parseIsoTime(text);
  return ms === undefined ? undefined : new Date(ms);
}

function failTime(option: string, expected: string, found: string, command: string): never {
  throw new UsageError(`${option}: expected ${expected} such as 2026-12-31T12:00:00Z, found '${found}'.`, command);
}

/** How long a task waits before it may start, ms. */
function delayOf({ countdown, eta }: Times): number {
  return countdown ?? Math.max(0, (eta?.getTime() ?? 0) - Date.now());
}

/** What JSON has no word for is written in tq's typed form, as on the wire. */
function resultLine(id: string, result: unknown): string {
  return serialize({ id, result: result ?? null }, 'result', { tqTypes: true });
}
