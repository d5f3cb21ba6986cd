import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from './time/clock.js';

/** Where log lines go: the subset of pino that tq calls, so that a pino logger fits as it is. */
export interface Logger {
  /** Single steps, for whoever looks for a fault in tq. */
  trace(fields: object, message: string): void;
  /** Every task, and what connections do. */
  debug(fields: object, message: string): void;
  /** What an operator wants to know: starts, stops, summaries. */
  info(fields: object, message: string): void;
  /** What went wrong and is dealt with: a failed task, a lost connection. */
  warn(fields: object, message: string): void;
  /** What needs somebody's eye. */
  error(fields: object, message: string): void;
}

/** What the code would otherwise take from the machine: injected, so that tests decide it. */
export interface Runtime {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A new task or client id: a version 4 UUID. */
  newId(): string;
  /** Uniform in [0, 1). */
  random(): number;
}

const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 } as const;

/** Log levels by name, the least severe first. */
export type LogLevel = keyof typeof LEVELS;

/**
 * JSON lines on standard error in pino's shape. It is what a program gets that passes no logger of its own; `tq`
 * passes pino, which costs a third of a small program's start-up.
 */
export function createStderrLogger(level: LogLevel = 'warn', clock: Clock = systemClock): Logger {
  const write = (name: LogLevel) => (fields: object, message: string) => {
    if (LEVELS[name] < LEVELS[level]) return;
    const line = {
      level: LEVELS[name],
      time: clock.wallTime(),
      pid: process.pid,
      ...describeErrors(fields),
      msg: message,
    };
    process.stderr.write(`${toJson(line)}\n`);
  };
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}

/** One default a process, whichever copy of this package asks. */
const DEFAULT_LOGGER = Symbol.for('tq.default-logger');
const DEFAULT_CLOCK = Symbol.for('tq.default-clock');
const globals = globalThis as { [DEFAULT_LOGGER]?: Logger; [DEFAULT_CLOCK]?: Clock };

/** Where apps log from now on that are made without a logger of their own: `tq` sets it before it loads a task file. */
export function setDefaultLogger(logger: Logger): void {
  globals[DEFAULT_LOGGER] = logger;
}

/** Whose time apps go by from now on that are made without a clock of their own: for tests. */
export function setDefaultClock(clock: Clock): void {
  globals[DEFAULT_CLOCK] = clock;
}

/** The machine's clock, ids and randomness, or what the process has in their place, with this logger. */
export function createRuntime(logger: Logger | undefined, clock: Clock | undefined): Runtime {
  return {
    clock: clock ?? globals[DEFAULT_CLOCK] ?? systemClock,
    logger: logger ?? globals[DEFAULT_LOGGER] ?? createStderrLogger(),
    newId: randomUUID,
    random: Math.random,
  };
}

/** A line of a log is never worth an error: fields that JSON cannot carry are left out. */
function toJson(line: {
  readonly level: number;
  readonly time: number;
  readonly pid: number;
  readonly msg: string;
}): string {
  try {
    return JSON.stringify(line, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  } catch {
    const { level, time, pid, msg } = line;
    return JSON.stringify({ level, time, pid, msg });
  }
}

function describeErrors(fields: object): object {
  const described: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    described[key] =
      value instanceof Error
        ? { type: value.name, message: value.message, stack: value.stack, code: (value as { code?: unknown }).code }
        : value;
  }
  return described;
}
