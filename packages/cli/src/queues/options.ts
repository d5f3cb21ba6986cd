import { type App, internalsOf, parseDuration, requireInteger } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { OptionSpec } from '../command.js';
import { resolveSettings } from '../config/settings.js';
import { APP_OPTION } from '../open-app.js';
import { UsageError } from '../usage.js';
import type { ManagementTarget } from './management.js';

type Options = Readonly<Record<string, OptionSpec>>;

/** What every verb of `tq queues` takes. */
export const APP_OPTIONS: Options = {
  ...APP_OPTION,
  timeout: { kind: 'text', describe: 'How long the broker may take for an answer: 500ms, 10s, 5m. Default: 10s' },
};

/** What the verbs that look take besides. */
export const LOOK_OPTIONS: Options = {
  management: {
    kind: 'text',
    describe: "RabbitMQ's management API, http://USER:PASSWORD@HOST:15672. Default: TQ_MANAGEMENT_URL, else none",
  },
  watch: { kind: 'flag', describe: 'Look again and again until Ctrl-C' },
  interval: { kind: 'text', describe: 'Between two looks of --watch: 500ms, 10s, 5m. Default: 2s' },
};

/** What the verbs that throw messages away take besides. */
export const YES_OPTION: Options = {
  yes: { kind: 'flag', describe: 'Do it without asking; needed where there is no terminal to ask on' },
};

const TIMEOUT_MS = 10_000;
const INTERVAL_MS = 2_000;
const MAX_MS = 2_147_483_647;

/** How long one answer may take, ms. */
export function timeoutOf(args: Arguments): number {
  return durationOf(args, 'timeout', 1) ?? TIMEOUT_MS;
}

/** How often to look, ms; undefined looks once. */
export function intervalOf(args: Arguments): number | undefined {
  const interval = durationOf(args, 'interval', 100);
  if (args.flag('watch')) return interval ?? INTERVAL_MS;
  if (interval !== undefined) throw new UsageError('--interval: expected --watch beside it.', args.command);
  return undefined;
}

/** The management API, where one was given. */
export function managementOf(args: Arguments, app: App): ManagementTarget | undefined {
  const url = args.text('management') ?? resolveSettings(args).managementUrl;
  if (url === undefined) return undefined;
  return { url, vhost: vhostOf(internalsOf(app).options.urls[0] ?? ''), timeoutMs: timeoutOf(args) };
}

/** A path that is empty names the default virtual host. */
function vhostOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname.slice(1) : '';
  return path === '' ? '/' : decodeURIComponent(path);
}

/**
 * A duration in ms; undefined when it was not given.
 * @throws {TqError} `invalid-option`
 */
export function durationOf(args: Arguments, option: string, min: number): number | undefined {
  const text = args.text(option);
  if (text === undefined) return undefined;
  return requireInteger(parseDuration(text, `--${option}`), `--${option} (ms)`, { min, max: MAX_MS });
}
