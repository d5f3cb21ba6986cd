import type { CommandEntry } from '../command.js';

/** Every command of `tq`. Each is loaded when it is called and no earlier. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'worker',
    usage: 'worker',
    summary: 'Run tasks from their queues until stopped',
    load: async () => (await import('./worker.js')).worker,
  },
  {
    name: 'broker',
    usage: 'broker',
    summary: 'Run a broker of its own, where there is no RabbitMQ',
    load: async () => (await import('./broker.js')).broker,
  },
  {
    name: 'dev',
    usage: 'dev',
    summary: 'Run a broker and a worker that reloads, for development',
    load: async () => (await import('./dev.js')).dev,
  },
  {
    name: 'call',
    usage: 'call NAME [JSON ARGS…]',
    summary: 'Call a task by its name and print its result',
    load: async () => (await import('./call.js')).call,
  },
  {
    name: 'tasks',
    usage: 'tasks',
    summary: 'List the tasks of a task file and their queues',
    load: async () => (await import('./tasks.js')).tasks,
  },
];
