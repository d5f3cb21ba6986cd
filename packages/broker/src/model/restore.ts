import type { Environment } from './environment.js';
import type { Queue } from './queue.js';
import type { DeliveredMarks, StoredState } from './store.js';
import { VirtualHost } from './virtual-host.js';

/**
 * Makes the virtual hosts of a broker, with what the store had in them. One that is no longer asked for is still there.
 * @param names of virtual hosts that are asked for
 */
export function restoreVhosts(
  names: readonly string[],
  state: StoredState,
  environment: Environment,
): ReadonlyMap<string, VirtualHost> {
  const vhosts = new Map<string, VirtualHost>();
  for (const name of new Set([...names, ...state.vhosts.keys()])) vhosts.set(name, new VirtualHost(name, environment));
  const queues = new Map<number, { readonly queue: Queue; readonly delivered: DeliveredMarks }>();
  for (const [name, stored] of state.vhosts) {
    const vhost = vhosts.get(name) as VirtualHost;
    vhost.restore(stored);
    for (const { id, definition, delivered } of stored.queues) {
      queues.set(id, { queue: vhost.queues.find(definition.name) as Queue, delivered });
    }
  }
  for (const [queueId, position, message] of state.messages) {
    const found = queues.get(queueId);
    found?.queue.restoreMessage(position, message, found.delivered);
  }
  // Now that dead letters find all of their queues, and those hold what they held.
  for (const vhost of vhosts.values()) vhost.resume();
  return vhosts;
}
