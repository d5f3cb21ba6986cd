import type { AppOptions } from './options.js';
import type { RouteRule, RouteTarget } from './producer/routes.js';
import type { LogLevel } from './runtime.js';
import type { WorkerConfig } from './worker-config.js';

/** What a `tq.config` file says: options of every app of the process, and those of its worker. Only `tq` reads it. */
export interface TqConfig extends Omit<AppOptions, 'logger' | 'routes'> {
  /** Where calls go whose call and task say nothing. Functions are refused here: they could not reach the children of a pool. `TQ_ROUTES`. Default: none. */
  readonly routes?: Readonly<Record<string, RouteTarget>> | readonly RouteRule[] | undefined;
  /** Task file, FILE or FILE#export; the export, else `app`, else the default export, is the app. `TQ_APP`. Default: tasks.ts, tasks.js, src/tasks.ts and the like. */
  readonly app?: string | undefined;
  /** Least level that a worker logs. `TQ_LOG_LEVEL`. Default: `info`. */
  readonly logLevel?: LogLevel | undefined;
  /** Answer probes over HTTP on this port: /live, /ready, and / as JSON; 0 takes a free one (0 to 65535). `TQ_HEALTH_PORT`. Default: none. */
  readonly healthPort?: number | undefined;
  /** Address of the health port; probes from elsewhere need 0.0.0.0. `TQ_HEALTH_HOST`. Default: `127.0.0.1`. */
  readonly healthHost?: string | undefined;
  /** RabbitMQ's management API for `tq queues` and `tq topology diff`, http://USER:PASSWORD@HOST:15672. `TQ_MANAGEMENT_URL`. Default: none. */
  readonly managementUrl?: string | undefined;
  /** Options of `tq worker`. */
  readonly worker?: WorkerConfig | undefined;
}

/** A config, what makes one, or what comes to one. */
export type TqConfigSource = TqConfig | Promise<TqConfig> | (() => TqConfig | Promise<TqConfig>);

/** Gives a `tq.config.ts` its types: `export default defineConfig({ url: … })`. It returns what it is given. */
export function defineConfig(config: TqConfigSource): TqConfigSource {
  return config;
}
