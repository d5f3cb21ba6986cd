import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from '@tq/core';

/** Handles one order: the payment takes a moment, then a line goes into the book, a file in place of a database. */
export const order = defineTask('order', async (number: number, book: string): Promise<number> => {
  await wait(1);
  appendFileSync(book, `${number}\n`);
  return number;
});
