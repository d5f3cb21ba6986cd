import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SYSTEM_CLOCK } from '../../src/clock.js';
import type { BrokerError } from '../../src/errors.js';
import { EMPTY_TABLE } from '../../src/field-value.js';
import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from '../../src/model/definitions.js';
import type { Content, Message } from '../../src/model/message.js';
import type { Store, StoredMessage, StoredState } from '../../src/model/store.js';
import type { ChangeBatch } from '../../src/store/change-batch.js';
import type { LmdbStoreOptions } from '../../src/store/open-lmdb-store.js';
import { openStore } from '../../src/store/open-store.js';

/** A folder that goes with the test, and what was logged about it. */
export interface Folder {
  readonly path: string;
  readonly warnings: string[];
  readonly errors: BrokerError[];
  /** The options of a store in it. */
  options(more?: Partial<LmdbStoreOptions>): LmdbStoreOptions;
  /** A path in it. */
  file(name: string): string;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function createFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'tq-store-'));
  const warnings: string[] = [];
  const errors: BrokerError[] = [];
  return {
    path,
    warnings,
    errors,
    options: (more) => ({
      dataDir: path,
      restoreContent,
      onError: (error) => errors.push(error),
      logger: { warn: (_fields, message) => warnings.push(message) },
      clock: { ...SYSTEM_CLOCK, wall: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) },
      ...more,
    }),
    file: (name) => join(path, name),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Opens a store, works with it, and closes it. */
export async function withStore<T>(
  options: LmdbStoreOptions,
  use: (store: Store, state: StoredState) => T | Promise<T>,
): Promise<T> {
  const { store, state } = await openStore(options);
  try {
    return await use(store, state);
  } finally {
    await store.close();
  }
}

export function flushed(store: Store): Promise<void> {
  return new Promise((resolve) => store.whenFlushed(resolve));
}

/** A content of bytes only; a body that starts with `unreadable` is refused. */
export function restoreContent(bytes: Buffer, bodyOffset: number): Content {
  if (bytes.toString('latin1', bodyOffset).startsWith('unreadable')) throw new Error('not a content');
  const unused = () => {
    throw new Error('expected the store not to look into a content');
  };
  return { bytes, bodyOffset, persistent: true, priority: 0, expiration: undefined, headers: unused, with: unused };
}

const NOTHING = Buffer.alloc(0);

/** A message of any body, also of one that `restoreContent` refuses. */
export function message(body: string, more: Partial<Message> = {}): Message {
  return {
    exchange: '',
    routingKey: 'q',
    blindKeys: [],
    content: { ...restoreContent(NOTHING, 0), bytes: Buffer.from(body) },
    ...more,
  };
}

export function stored(body: string, more: Partial<StoredMessage> = {}): StoredMessage {
  return { message: message(body), expiresAt: undefined, deliveryCount: 0, ...more };
}

export function exchange(name: string, more: Partial<ExchangeDefinition> = {}): ExchangeDefinition {
  return { name, type: 'topic', durable: true, autoDelete: false, internal: false, arguments: EMPTY_TABLE, ...more };
}

export function queue(name: string, more: Partial<QueueDefinition> = {}): QueueDefinition {
  return { name, durable: true, exclusive: false, autoDelete: false, arguments: EMPTY_TABLE, ...more };
}

export function binding(source: string, destination: string, routingKey: string): BindingDefinition {
  return { source, destination, destinationType: 'queue', routingKey, arguments: EMPTY_TABLE };
}

/** Position and body of what a queue held. */
export function bodies(state: StoredState, name: string, vhost = '/'): readonly (readonly [number, string])[] {
  const found = state.vhosts.get(vhost)?.queues.find(({ definition }) => definition.name === name);
  return [...state.messages].flatMap(([queueId, position, { message }]) => {
    const { bytes, bodyOffset } = message.content;
    return queueId === found?.id ? [[position, bytes.toString('utf8', bodyOffset)] as const] : [];
  });
}

/** What a batch writes, one line a row. */
export function writes(batch: ChangeBatch): readonly string[] {
  const lines: string[] = [];
  batch.writeTo({
    put: (key, value) => lines.push(`put ${key} ${value}`),
    remove: (key) => lines.push(`remove ${key}`),
    putMessage: (queueId, position, { message }) =>
      lines.push(`message ${queueId}/${position} ${message.content.bytes}`),
    removeMessage: (position) => lines.push(`remove ${position}`),
    putDelivered: (queueId, priority, position) => lines.push(`delivered ${queueId} p${priority} ${position}`),
  });
  return lines;
}

/** A process with a store (`fixtures/program.js`). */
export class Program {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #lines: AsyncIterator<string>;
  /** The last line that was read. */
  last: string | undefined;

  constructor(folder: Folder, what: 'hold' | 'read' | 'work' | 'purge' | 'delete') {
    const program = fileURLToPath(new URL('fixtures/program.js', import.meta.url));
    this.#child = spawn(process.execPath, ['--expose-gc', program, folder.path, what], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#exit = once(this.#child, 'exit');
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The next line, or undefined at the end of the program. */
  async line(): Promise<string | undefined> {
    const { done, value } = await this.#lines.next();
    if (done) return undefined;
    this.last = value;
    return value;
  }

  /** Kills it when it still runs, reads what it had said, and resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  /** Reads what it has to say, and resolves when it is gone. */
  async ended(): Promise<void> {
    while ((await this.line()) !== undefined);
    await this.#exit;
  }
}

/** What a process says that opens the store and reads everything: warnings, then how many messages there are, or an error's code. */
export async function read(folder: Folder): Promise<readonly string[]> {
  await using program = new Program(folder, 'read');
  const lines: string[] = [];
  for (let line = await program.line(); line !== undefined; line = await program.line()) lines.push(line);
  await program.ended();
  return lines;
}
