import { defineTask } from '@tq/core';
import { type Entry, insert } from './store.js';

/** Writes an entry where it belongs, some time after its user has had the page. */
export const writeLog = defineTask(
  'user-log.write',
  (entry: Entry, file: string): Promise<void> => insert(entry, file),
  {
    ignoreResult: true,
  },
);
