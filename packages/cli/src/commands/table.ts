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
    name: 'workflow',
    usage: 'workflow ID',
    summary: 'Draw a workflow with the states of its tasks',
    load: async () => (await import('./workflow.js')).workflow,
  },
  {
    name: 'publish',
    usage: 'publish EVENT [JSON]',
    summary: 'Publish an event',
    load: async () => (await import('./publish.js')).publish,
  },
  {
    name: 'subscribe',
    usage: 'subscribe PATTERN…',
    summary: 'Print events as they come',
    load: async () => (await import('./subscribe.js')).subscribe,
  },
  {
    name: 'tasks',
    usage: 'tasks',
    summary: 'List the tasks of a task file and their queues',
    load: async () => (await import('./tasks.js')).tasks,
  },
  {
    name: 'route',
    usage: 'route TASK',
    summary: 'Show where a call of a task goes, and why',
    load: async () => (await import('./route.js')).route,
  },
  {
    name: 'config',
    usage: 'config [KEY]',
    summary: 'Show every option, its value and where that comes from',
    load: async () => (await import('./config.js')).config,
  },
  {
    name: 'queues',
    usage: 'queues list|show|purge|delete',
    summary: 'Look at queues, empty and delete them',
    load: async () => (await import('./queues.js')).queues,
    verbs: [
      {
        name: 'queues list',
        usage: 'queues list',
        summary: 'List the queues of an app with what is in them',
        load: async () => (await import('./queues-list.js')).queuesList,
      },
      {
        name: 'queues show',
        usage: 'queues show NAME',
        summary: 'Show all that is known of a queue',
        load: async () => (await import('./queues-show.js')).queuesShow,
      },
      {
        name: 'queues purge',
        usage: 'queues purge NAME…',
        summary: 'Throw away what is ready in queues',
        load: async () => (await import('./queues-purge.js')).queuesPurge,
      },
      {
        name: 'queues delete',
        usage: 'queues delete NAME…',
        summary: 'Delete queues with what is in them',
        load: async () => (await import('./queues-delete.js')).queuesDelete,
      },
    ],
  },
  {
    name: 'topology',
    usage: 'topology show|diff|apply',
    summary: 'Compare what an app declares with its broker, and declare it',
    load: async () => (await import('./topology.js')).topology,
    verbs: [
      {
        name: 'topology show',
        usage: 'topology show',
        summary: 'Show every exchange, queue and binding that an app declares',
        load: async () => (await import('./topology-show.js')).topologyShow,
      },
      {
        name: 'topology diff',
        usage: 'topology diff',
        summary: 'Show how the broker differs from that',
        load: async () => (await import('./topology-diff.js')).topologyDiff,
      },
      {
        name: 'topology apply',
        usage: 'topology apply',
        summary: 'Declare what is missing',
        load: async () => (await import('./topology-apply.js')).topologyApply,
      },
    ],
  },
  {
    name: 'dead',
    usage: 'dead list|show|retry|purge|export',
    summary: 'Look at what failed for good, put it back, throw it away',
    load: async () => (await import('./dead.js')).dead,
    verbs: [
      {
        name: 'dead list',
        usage: 'dead list',
        summary: 'List dead letters: what failed for good or could not run',
        load: async () => (await import('./dead-list.js')).deadList,
      },
      {
        name: 'dead show',
        usage: 'dead show ID',
        summary: 'Show all that is known of one',
        load: async () => (await import('./dead-show.js')).deadShow,
      },
      {
        name: 'dead retry',
        usage: 'dead retry',
        summary: 'Put dead letters back into the queues that they died in',
        load: async () => (await import('./dead-retry.js')).deadRetry,
      },
      {
        name: 'dead purge',
        usage: 'dead purge',
        summary: 'Throw dead letters away',
        load: async () => (await import('./dead-purge.js')).deadPurge,
      },
      {
        name: 'dead export',
        usage: 'dead export',
        summary: 'Write dead letters with their bodies, a line of JSON each',
        load: async () => (await import('./dead-export.js')).deadExport,
      },
    ],
  },
  {
    name: 'init',
    usage: 'init [FOLDER]',
    summary: 'Write a small project to start from',
    load: async () => (await import('./init.js')).init,
  },
  {
    name: 'completion',
    usage: 'completion bash|zsh|fish',
    summary: 'Print a script that makes a shell complete tq',
    load: async () => (await import('./completion.js')).completion,
  },
];
