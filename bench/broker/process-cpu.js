// @ts-check
/** CPU that a process has used which is not ours to ask: read from /proc, and unknown where there is none. */
import { existsSync, readFileSync } from 'node:fs';

/** The unit of the times in /proc/PID/stat, µs: Linux reports hundredths of a second to every program. */
const TICK_US = 10_000;

/**
 * Watches a process over a section of a measurement.
 * @param {number | undefined} pid undefined for one that is not known
 * @returns {{ onEdge: () => void, usedUs: () => number | undefined }} `onEdge` is to be called at the section's begin and
 *   end; `usedUs` is the CPU between them, of all threads, µs
 */
export function watchCpu(pid) {
  /** @type {(number | undefined)[]} */
  const edges = [];
  return {
    onEdge: () => void edges.push(cpuUsOf(pid)),
    usedUs: () => {
      const [begin, end] = edges;
      return begin === undefined || end === undefined ? undefined : end - begin;
    },
  };
}

/** @param {number | undefined} pid */
function cpuUsOf(pid) {
  const path = `/proc/${pid}/stat`;
  if (pid === undefined || !existsSync(path)) return undefined;
  const text = readFileSync(path, 'latin1');
  // The name of the program, in brackets, may hold anything; the times are the 12th and the 13th field behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}
