import { integer, type LogLevel, type OptionTable, text, words } from '@tq/core/internal';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** Options of `tq` itself, which a `tq.config` file has at its top. */
export const TQ_OPTIONS = {
  app: text({
    describe: 'Task file, FILE or FILE#export; the export, else `app`, else the default export, is the app',
    env: 'TQ_APP',
    flag: 'app',
    path: true,
    defaultText: 'tasks.ts, tasks.js, src/tasks.ts and the like',
  }),
  logLevel: words(LEVELS, {
    describe: 'Least level that a worker logs',
    env: 'TQ_LOG_LEVEL',
    flag: 'log-level',
    default: 'info',
  }),
  healthPort: integer({
    describe: 'Answer probes over HTTP on this port: /live, /ready, and / as JSON; 0 takes a free one',
    env: 'TQ_HEALTH_PORT',
    flag: 'health-port',
    min: 0,
    max: 65_535,
    defaultText: 'none',
  }),
  healthHost: text({
    describe: 'Address of the health port; probes from elsewhere need 0.0.0.0',
    env: 'TQ_HEALTH_HOST',
    flag: 'health-host',
    defaultText: '`127.0.0.1`',
  }),
  managementUrl: text({
    describe: "RabbitMQ's management API for `tq queues` and `tq topology diff`, http://USER:PASSWORD@HOST:15672",
    env: 'TQ_MANAGEMENT_URL',
    defaultText: 'none',
    secret: 'url',
  }),
} satisfies OptionTable;
