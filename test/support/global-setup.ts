/** Runs once around a test run: finds the broker, names the run, and deletes what the run left on the broker. */
import { randomBytes } from 'node:crypto';
import { connect } from 'amqplib';
import { nodeCtl, nodeUrl } from '../../scripts/rabbitmq-node.js';
import { findBroker, runningServices } from '../../scripts/services-node.js';

/** Test processes inherit `TQ_TEST_AMQP_URL` (when there is a broker) and `TQ_TEST_RUN`. Returns the clean-up. */
export default async function setup(): Promise<() => Promise<void>> {
  const url = await findBroker(['TQ_TEST_AMQP_URL']);
  const run = `test-${randomBytes(4).toString('hex')}`;
  process.env.TQ_TEST_RUN = run;
  if (url === undefined) return async () => {};
  process.env.TQ_TEST_AMQP_URL = url;
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
