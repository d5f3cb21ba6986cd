import type { HeaderValue } from './message.js';
import { MAX_NAME_BYTES } from './names.js';

/** Where a task is to be called: its name, and the full name of a queue. */
export interface TaskAddress {
  readonly task: string;
  readonly queue: string;
}

/** Encodes an address as a header. */
export function encodeTaskAddress({ task, queue }: TaskAddress): HeaderValue {
  return { task, queue };
}

/**
 * Reads the header.
 * @returns undefined when it is no address
 */
export function decodeTaskAddress(value: unknown): TaskAddress | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { task, queue } = value as Record<string, unknown>;
  return isName(task) && isName(queue) ? { task, queue } : undefined;
}

/** What can name a task or a queue on the wire. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= MAX_NAME_BYTES;
}
