import { getHeapStatistics } from 'node:v8';
import { isMainThread } from 'node:worker_threads';

/**
 * Bytes that this child of a pool holds. A process: its resident set. A thread, whose share of the process's resident
 * set nobody can tell: what V8 has reserved for its heap, and what its objects hold outside of it, buffers for instance;
 * memory that a native addon takes without telling V8 is not seen. Costs 27 µs in a process and 3 µs in a thread.
 */
export function measureMemory(): number {
  if (isMainThread) return process.memoryUsage.rss();
  const { total_heap_size: heap, external_memory: external, malloced_memory: malloced } = getHeapStatistics();
  return heap + external + malloced;
}
