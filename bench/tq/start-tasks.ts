/** The tasks of `tq worker --app`, in TypeScript: prints a line with its first task. */
import { writeSync } from 'node:fs';
import { defineTask } from '@tq/core';

export const echo = defineTask('bench.echo', (n: number, _text: string): number => {
  writeSync(1, 'first task\n');
  return n;
});
