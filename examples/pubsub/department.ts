import { defineTask, subscribe } from '@tq/core';
import { type Customer, registered } from './events.js';

/**
 * A department with customers of its own making, which it learns of as all the others do: from the event. Its group gets
 * each event once, however many workers it has, and those that came while none was there.
 */
export function openDepartment<N extends string>(department: N) {
  const customers = new Map<string, Customer>();
  subscribe(registered, (customer) => void customers.set(customer.id, customer), { group: department });

  const register = defineTask(
    `${department}.register`,
    async (customer: Customer): Promise<void> => {
      // The task ends once the broker has the event: from then on every department will know.
      await registered.publish(customer, { headers: { department } });
    },
    { queue: department },
  );

  const find = defineTask(
    `${department}.find`,
    (id: string): Customer => {
      const customer = customers.get(id);
      if (customer === undefined) throw new Error(`${department} does not know ${id} yet`);
      return customer;
    },
    // An event is on its way for a moment.
    { queue: department, retry: { maxRetries: 50, backoff: 'fixed', delay: 100 } },
  );

  return { register, find };
}
