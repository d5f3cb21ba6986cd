import { traceOptions } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import { readPort } from '../broker/options.js';
import type { Command, OptionSpec } from '../command.js';
import { resolveSettings } from '../config/settings.js';
import { openDevBroker } from '../dev/dev-broker.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { projectFolder } from '../watch/project-folder.js';
import { watchWorker } from '../watch/watch-worker.js';
import { createLogger } from '../worker/logger.js';
import { worker } from './worker.js';

/** What the worker knows nothing of. */
const OWN: Readonly<Record<string, OptionSpec>> = {
  port: { kind: 'text', describe: 'Port of the broker; 0 takes a free one. Default: 5672' },
  memory: { kind: 'flag', describe: "Keep the broker's data in memory alone: gone when it ends" },
};

/** What a worker under watch does not take: it is in effect, or two workers of two generations cannot both have it. */
const NOT_TAKEN = ['watch', 'health-port', 'health-host'];
const WORKERS = Object.fromEntries(Object.entries(worker.options).filter(([name]) => !NOT_TAKEN.includes(name)));

/** `tq dev`: a broker and a worker that reloads, in one terminal. */
export const dev: Command = {
  details:
    'Starts a broker, which keeps its data in .tq/broker of the project, and a worker on it that reloads at every change ' +
    'of a source file. Where a broker answers on the port already, or TQ_URL or the config file names one, that one is ' +
    'used. Ctrl-C stops the worker warm and then the broker; a second one aborts what runs, a third ends everything at ' +
    'once.',
  options: { ...OWN, ...WORKERS },
  examples: [
    ['dev', 'A broker where callers look for it, and the tasks of tasks.ts or src/tasks.ts'],
    ['dev --memory --concurrency 2', 'One that keeps nothing, and two slots'],
    ['dev --port 5673', 'Beside something else on 5672; callers need TQ_URL=amqp://127.0.0.1:5673'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const port = readPort(args);
  const log = await createLogger(resolveSettings(args).logLevel, output);
  const folder = process.cwd();
  const broker = await openDevBroker({
    port,
    memory: args.flag('memory'),
    named: namedBroker(),
    folder: projectFolder(folder),
    log: log.child({ name: 'broker' }),
  });
  let hasFailed = false;
  try {
    const env = { TQ_URL: broker.url };
    const watched = await watchWorker({ args, without: Object.keys(OWN), folder, env, log });
    void broker.failed?.then(() => {
      hasFailed = true;
      watched.stop('cold', 'failure of the broker');
    });
    const exitCode = await watched.ended;
    return hasFailed ? EXIT.failed : exitCode;
  } finally {
    await broker.stop();
  }
}

/** The broker that a variable or the config file names. */
function namedBroker(): { readonly url: string; readonly by: string } | undefined {
  const { values, sources } = traceOptions({}, process.env);
  const { url } = sources;
  if (url.kind !== 'environment' && url.kind !== 'config') return undefined;
  return { url: values.url.join(','), by: url.name };
}
