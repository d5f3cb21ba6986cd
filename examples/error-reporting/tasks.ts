import './reporting.js';
import { defineTask } from '@tq/core';

export const charge = defineTask('charge', (order: string, cents: number): string => {
  if (cents <= 0) throw new RangeError(`order ${order}: expected an amount above 0, found ${cents}`);
  return `order ${order}: charged ${cents}`;
});

/** Stands in for a native library that takes its whole thread down. */
export const convert = defineTask('convert', (_image: string): void => process.exit(139));
