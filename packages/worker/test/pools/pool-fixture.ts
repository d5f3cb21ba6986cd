import {
  type Job,
  type JobEnd,
  type Logger,
  type LogLevel,
  type OutgoingCall,
  type OutgoingMessage,
  type OutgoingQuestion,
  type QueueStatus,
  Registry,
  type Runtime,
  type Transport,
} from '@tq/core/internal';
import { createPool, type Pool, type PoolOptions } from '@tq/worker/internal';

/** URL of a module under fixtures/. */
export function fixture(name: string): string {
  return new URL(`./fixtures/${name}`, import.meta.url).href;
}

export interface LogLine {
  readonly level: LogLevel;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A logger that keeps its lines, and tells of each. */
export class LogRecorder {
  readonly lines: LogLine[] = [];
  readonly logger: Logger;
  readonly #waiters = new Set<() => void>();

  constructor() {
    const at = (level: LogLevel) => (fields: object, message: string) => {
      this.lines.push({ level, fields: { ...fields }, message });
      for (const look of [...this.#waiters]) look();
    };
    this.logger = { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  /** Resolves with the first `count` lines that match, at once when they are there already. */
  matching(match: (line: LogLine) => boolean, count = 1): Promise<LogLine[]> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.lines.filter(match);
        if (found.length < count) return;
        this.#waiters.delete(look);
        resolve(found);
      };
      this.#waiters.add(look);
      look();
    });
  }

  async first(match: (line: LogLine) => boolean): Promise<LogLine> {
    return (await this.matching(match))[0]!;
  }

  /** Resolves when `count` tasks have logged that they run. */
  async started(count = 1): Promise<void> {
    await this.matching((line) => line.message === 'started', count);
  }
}

/** A transport that the test scripts. */
export class ScriptedTransport implements Transport {
  readonly forgotten: string[] = [];
  readonly sent: OutgoingCall[] = [];
  readonly published: OutgoingMessage[] = [];
  readonly asked: OutgoingQuestion[] = [];
  onAsk: (question: OutgoingQuestion) => void = () => undefined;
  onSend: (call: OutgoingCall) => void = () => undefined;
  onPublish: (message: OutgoingMessage) => void = () => undefined;
  status: QueueStatus | undefined;
  rooms = 0;

  send(call: OutgoingCall): void {
    this.sent.push(call);
    queueMicrotask(() => this.onSend(call));
  }
  publish(message: OutgoingMessage): void {
    this.published.push(message);
    queueMicrotask(() => this.onPublish(message));
  }
  ask(question: OutgoingQuestion): void {
    this.asked.push(question);
    queueMicrotask(() => this.onAsk(question));
  }
  forget(taskId: string): void {
    this.forgotten.push(taskId);
  }
  hold(): () => void {
    return () => undefined;
  }
  room(): undefined {
    this.rooms++;
    return undefined;
  }
  async queueStatus(): Promise<QueueStatus | undefined> {
    return this.status;
  }
}

/** A clock whose timers fire when the test says so. */
export class ManualTimers {
  readonly pending = new Map<object, { readonly delayMs: number; readonly fire: () => void }>();
  readonly delays: number[] = [];
  readonly runtime: Pick<Runtime, 'clock' | 'random'>;

  constructor() {
    this.runtime = {
      random: () => 0.5,
      clock: {
        wallTime: () => 0,
        monotonic: () => 0,
        setTimer: (fire, delayMs) => {
          const key = {};
          this.delays.push(delayMs);
          this.pending.set(key, { delayMs, fire });
          return { cancel: () => void this.pending.delete(key), ref: () => undefined, unref: () => undefined };
        },
      },
    };
  }

  fireAll(): void {
    const due = [...this.pending.values()];
    this.pending.clear();
    for (const { fire } of due) fire();
  }
}

export interface PoolFixture {
  readonly pool: Pool;
  readonly log: LogRecorder;
  readonly transport: ScriptedTransport;
  /** Runs a job and resolves with its end. */
  run(task: string, args?: readonly unknown[], job?: Partial<Job>): Promise<JobEnd>;
  /** Runs a job that must succeed, and resolves with its value. */
  value(task: string, args?: readonly unknown[], job?: Partial<Job>): Promise<unknown>;
}

let jobs = 0;

/** A job for a task, with plain values where the test has none of its own. */
export function createJob(task: string, args: readonly unknown[] = [], job: Partial<Job> = {}): Job {
  const id = `job-${++jobs}`;
  const bodyText = `[${JSON.stringify(args)},{},null]`;
  return { id, task, attempt: 1, queue: 'q', rootId: id, parentId: undefined, headers: {}, bodyText, ...job };
}

/** Starts a pool and waits until all its slots are there, not the first one only. */
export async function startAll(pool: Pool): Promise<void> {
  const complete = new Promise<void>((resolve) => {
    pool.onFree(() => {
      if (pool.free() === pool.slots) resolve();
    });
  });
  await pool.start();
  if (pool.free() < pool.slots) await complete;
}

/** A pool that is not started yet. */
export function createFixture(options: Omit<PoolOptions, 'services'>): PoolFixture {
  const log = new LogRecorder();
  const transport = new ScriptedTransport();
  const pool = createPool({
    ...options,
    services: { logger: log.logger, transport, registry: new Registry(), childEnv: {} },
  });
  const run = (task: string, args?: readonly unknown[], job?: Partial<Job>) =>
    new Promise<JobEnd>((resolve) => pool.run(createJob(task, args, job), resolve));
  const value = async (task: string, args?: readonly unknown[], job?: Partial<Job>) => {
    const end = await run(task, args, job);
    if (end.kind !== 'success') throw new Error(`Expected success, found ${JSON.stringify(end)}`);
    return JSON.parse(end.resultText) as unknown;
  };
  return { pool, log, transport, run, value };
}
