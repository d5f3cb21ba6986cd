import { join } from 'node:path';
import { type Broker, type BrokerError, startBroker } from '@tq/broker';
import { type Logger, maskUrl } from '@tq/core/internal';
import { describeBroker } from '../broker/facts.js';
import { DATA_FOLDER, DEFAULT_PORT } from '../broker/options.js';
import { describeStartFailure } from '../broker/start-failure.js';
import { answersAmqp } from './answers-amqp.js';

/** Which broker is asked for. */
export interface DevBrokerOptions {
  /** Undefined is the default one; 0 takes a free one. */
  readonly port: number | undefined;
  /** Keep nothing. */
  readonly memory: boolean;
  /** The one that `TQ_URL` or the config file names, `by`: it is used, unless `port` or `memory` ask for one of its own. */
  readonly named: { readonly url: string; readonly by: string } | undefined;
  /** Folder of the project, where the data are kept. */
  readonly folder: string;
  readonly log: Logger;
}

/** The broker of `tq dev`: its own, or one that was there. */
export interface DevBroker {
  /** For `TQ_URL` of the workers. */
  readonly url: string;
  /** Resolves when a broker of its own can no longer go on. */
  readonly failed: Promise<BrokerError> | undefined;
  /** Ends a broker of its own; one that was there goes on. */
  stop(): Promise<void>;
}

/**
 * Uses the broker that is there, or starts one.
 * @throws when something else has the port, or another process the data
 */
export async function openDevBroker(options: DevBrokerOptions): Promise<DevBroker> {
  const { port, memory, named, log } = options;
  if (named !== undefined && port === undefined && !memory) {
    log.info({ url: named.url.split(',').map(maskUrl).join() }, `uses the broker of ${named.by} and starts none`);
    return foreign(named.url);
  }
  const wanted = port ?? DEFAULT_PORT;
  if (wanted === 0 || !(await answersAmqp(wanted))) return start(wanted, options);
  const found = `uses the broker that answers on port ${wanted} already and starts none`;
  if (memory) log.warn({}, `${found}: --memory says nothing to it`);
  else log.info({}, found);
  return foreign(`amqp://guest:guest@127.0.0.1:${wanted}`);
}

function foreign(url: string): DevBroker {
  return { url, failed: undefined, stop: () => Promise.resolve() };
}

async function start(port: number, { memory, folder, log }: DevBrokerOptions): Promise<DevBroker> {
  const dataDir = memory ? undefined : join(folder, DATA_FOLDER);
  const options = { port, ...(memory ? { memory } : { dataDir }), logger: log };
  const broker = await startBroker(options).catch((thrown: unknown) => {
    throw describeStartFailure(thrown, options, 'dev');
  });
  sayReady(broker, dataDir, log);
  const stop = async () => {
    await broker.stop();
    log.info({}, 'stopped');
  };
  return { url: broker.url, failed: broker.failed, stop };
}

function sayReady(broker: Broker, dataDir: string | undefined, log: Logger): void {
  const { url, isDefault } = describeBroker(broker, {});
  const hint = isDefault ? 'callers find it at the default address' : `callers need TQ_URL=${url}`;
  log.info({ url, data: dataDir ?? 'in memory' }, `ready: accepting connections; ${hint}`);
}
