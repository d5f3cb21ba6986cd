import { defineEvent } from '@tq/core';

/** What the departments tell each other of a customer. */
export interface Customer {
  readonly id: string;
  readonly name: string;
}

/** A department has a new customer. Whoever wants to know subscribes; the department does not know who that is. */
export const registered = defineEvent<Customer>('customers.registered');
