import type { Runtime } from '../src/runtime.js';
import { type Clock, systemClock } from '../src/time/clock.js';

/** A line of a log. */
export interface LoggedLine {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A runtime whose log is read by the test, with ids that count up and backoff that draws its least. */
export interface TestRuntime extends Runtime {
  readonly lines: LoggedLine[];
  /** Resolves with the first `count` lines that fit, past or to come. */
  logged(fits: (line: LoggedLine) => boolean, count?: number): Promise<LoggedLine[]>;
}

/** Makes a runtime; by default on the machine's own clock. */
export function testRuntime(clock: Clock = systemClock): TestRuntime {
  const lines: LoggedLine[] = [];
  const watchers = new Set<() => void>();
  const at = (level: LoggedLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message });
    for (const watch of [...watchers]) watch();
  };
  let ids = 0;
  return {
    lines,
    clock,
    logger: { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    newId: () => `id-${++ids}`,
    random: () => 0,
    logged: (fits, count = 1) =>
      new Promise((resolve) => {
        const watch = () => {
          const found = lines.filter(fits);
          if (found.length < count) return;
          watchers.delete(watch);
          resolve(found);
        };
        watchers.add(watch);
        watch();
      }),
  };
}
