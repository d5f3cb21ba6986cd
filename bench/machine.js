// @ts-check
/** What the figures of a report were taken on. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** The machine in a few words. */
export function machineText() {
  const processor = cpus()[0]?.model ?? 'unknown processor';
  return `${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`;
}

/** amqplib exports no version, so its package.json is read where the module was found. */
export function amqplibVersion() {
  const path = new URL('package.json', import.meta.resolve('amqplib'));
  return /** @type {{ version: string }} */ (JSON.parse(readFileSync(path, 'utf8'))).version;
}
