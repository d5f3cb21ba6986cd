import type { Route } from '../broker/delay-ladder.js';
import { PublishError } from '../errors.js';
import type { Transport } from '../results/transport.js';

/**
 * What it means that no queue took a plain message: `queue-missing` where the message was for a queue. One whose node is
 * away does not answer, so its error stays what it is.
 */
export async function orQueueMissing(transport: Transport, target: Route, error: PublishError): Promise<PublishError> {
  if (error.code !== 'unroutable' || target.exchange !== '') return error;
  const queue = target.routingKey;
  const status = await transport.queueStatus(queue).catch(() => undefined);
  if (status === undefined) return error;
  const text =
    `There is no queue '${queue}', and plain messages declare none: start the program that declares it. ` +
    "Is the name right, and the app's prefix?";
  return new PublishError('queue-missing', text, { fields: { queue }, cause: error });
}
