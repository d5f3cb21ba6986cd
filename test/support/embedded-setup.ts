/** Runs once around project `embedded`: a broker in memory on a free port, in a process of its own. */
import type { TestProject } from 'vitest/node';
import { startEmbedded } from './embedded.js';
import { nameRun } from './shared-broker.js';

/** @returns ends the broker */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const broker = await startEmbedded({ memory: true, port: 0 });
  project.provide('sharedBroker', { kind: 'embedded', url: broker.url, run: nameRun() });
  return () => broker.end('SIGTERM');
}
