/** Runs once around project `rabbitmq`: takes the broker that `TQ_TEST_AMQP_URL` names, and cleans up on it. */
import { connect } from 'amqplib';
import type { TestProject } from 'vitest/node';
import { nodeCtl } from '../../scripts/rabbitmq-command.js';
import { nodeUrl } from '../../scripts/rabbitmq-node.js';
import { runningServices } from '../../scripts/services-node.js';
import { nameRun } from './shared-broker.js';

/** @returns deletes what the run declared */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const url = process.env.TQ_TEST_AMQP_URL;
  if (!url) throw new Error('project rabbitmq: expected the URL of a RabbitMQ in TQ_TEST_AMQP_URL, found none');
  const run = nameRun();
  project.provide('sharedBroker', { kind: 'rabbitmq', url, run });
  return () => deleteByPrefix(url, run);
}

/** Deletes the queues and exchanges of a run; only on the services node, since AMQP itself cannot list names. */
async function deleteByPrefix(url: string, prefix: string): Promise<void> {
  const node = await runningServices();
  if (node === undefined || nodeUrl(node) !== url) return;
  const names = async (what: string) => {
    const listed = await nodeCtl(node, [what, '--no-table-headers', 'name']);
    return listed.split('\n').filter((name) => name.startsWith(prefix));
  };
  const [queues, exchanges] = [await names('list_queues'), await names('list_exchanges')];
  const connection = await connect(url, { noDelay: true, timeout: 10_000 });
  const channel = await connection.createChannel();
  for (const queue of queues) await channel.deleteQueue(queue);
  for (const exchange of exchanges) await channel.deleteExchange(exchange);
  await connection.close();
}
