/**
 * Runs around every file of a project whose files share a process: each begins without what an earlier one has given to tq,
 * and one that leaves the process itself changed fails, so that none ever runs in another world than it would have alone.
 */
import { afterAll, expect } from 'vitest';

/** What the copies of tq in a process share, the default app for instance; that which tells a task its context has no state. */
const ofTq = Object.getOwnPropertySymbols(globalThis).filter(({ description }) => description?.startsWith('tq.'));
for (const name of ofTq) {
  if (name !== Symbol.for('tq.task-context')) Reflect.deleteProperty(globalThis, name);
}

/** What a file can change of its process: the environment, the folder, the program, who hears of its events, the time. */
function trace() {
  // A library may listen for the end of the process from its first use on, and nothing else happens at the end.
  const names = process.eventNames().filter((name) => name !== 'exit');
  return {
    environment: { ...process.env },
    folder: process.cwd(),
    program: process.execPath,
    listeners: Object.fromEntries(names.map((name) => [String(name), process.listenerCount(name)])),
    time: [Date, setTimeout, setInterval, setImmediate],
  };
}

const before = trace();

afterAll(() => {
  expect(trace(), 'what the file leaves in its process; undo it, or list the file in vitest.config.ts').toEqual(before);
});
