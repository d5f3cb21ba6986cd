import { defineTask } from '@tq/core';

/** What a compute node does: it answers n with n + 1. */
export const increment = defineTask('increment', (n: number): number => n + 1);
