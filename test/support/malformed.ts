import type { Options } from 'amqplib';

/** A message that no worker can run, and the dead-letter reasons that are right for it. */
export interface Malformed {
  readonly kind: string;
  readonly body: Buffer;
  readonly options: Options.Publish;
  readonly reasons: readonly string[];
}

/** A small seeded generator (mulberry32), so that a failure can be repeated from its printed seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const POISON = ['poison'];
const KNOWN_TASK = 'echo';

/** Makes malformed task messages of every kind that the decoder has to survive. */
export class MalformedMessages {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  next(): Malformed {
    const kind = this.#pick(Object.keys(KINDS) as (keyof typeof KINDS)[]);
    return { kind, ...KINDS[kind](this) };
  }

  /** A message that would be right but for `changes`. */
  almostRight(changes: { body?: Buffer | string; headers?: Record<string, unknown>; options?: Options.Publish }) {
    const body = changes.body ?? '[[1],{},null]';
    return {
      body: typeof body === 'string' ? Buffer.from(body) : body,
      options: {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        deliveryMode: 2,
        correlationId: this.text(12),
        headers: changes.headers ?? { task: KNOWN_TASK, id: this.text(12) },
        ...changes.options,
      },
      reasons: POISON,
    };
  }

  headersWith(changes: Record<string, unknown>): Record<string, unknown> {
    return { task: KNOWN_TASK, id: this.text(12), ...changes };
  }

  /** Any value that a header table can carry. */
  headerValue(depth = 0): unknown {
    const simple = [
      true,
      null,
      3.5,
      -7,
      2 ** 40,
      this.text(5),
      Buffer.from(this.text(4)),
      { '!': 'timestamp', value: 1e6 },
    ];
    if (depth > 2 || this.#random() < 0.6) return this.#pick(simple);
    if (this.#random() < 0.5) return [this.headerValue(depth + 1), this.headerValue(depth + 1)];
    return { [this.text(3)]: this.headerValue(depth + 1) };
  }

  randomHeaders(): Record<string, unknown> {
    const count = Math.floor(this.#random() * 6);
    return Object.fromEntries(Array.from({ length: count }, () => [`x${this.text(6)}`, this.headerValue()]));
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => Math.floor(this.#random() * 256)));
  }

  text(length: number): string {
    return Array.from({ length }, () => this.#pick([...'abcdefghijklmnopqrstuvwxyzäß→0123456789'])).join('');
  }

  one<T>(...items: T[]): T {
    return this.#pick(items);
  }

  upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }
}

type Make = (from: MalformedMessages) => Omit<Malformed, 'kind'>;

const KINDS = {
  'no headers at all': (m) => m.almostRight({ headers: {} }),
  'random headers': (m) => m.almostRight({ headers: m.randomHeaders() }),
  'no id': (m) => m.almostRight({ headers: { ...m.randomHeaders(), task: KNOWN_TASK } }),
  'no task': (m) => m.almostRight({ headers: { ...m.randomHeaders(), id: m.text(8) } }),
  'id that is no text': (m) =>
    m.almostRight({ headers: m.headersWith({ id: m.one<unknown>(7, true, null, ['a'], { a: 1 }, '') }) }),
  'id that is too long': (m) => m.almostRight({ headers: m.headersWith({ id: 'i'.repeat(300) }) }),
  'task that is no text': (m) => m.almostRight({ headers: m.headersWith({ task: m.one<unknown>(7, null, [], {}) }) }),
  'unknown task': (m) => ({
    ...m.almostRight({ headers: m.headersWith({ task: `no.${m.text(5)}` }) }),
    reasons: ['unknown-task'],
  }),
  'name of a built-in': (m) => ({
    ...m.almostRight({ headers: m.headersWith({ task: m.one('constructor', '__proto__', 'toString') }) }),
    reasons: ['unknown-task'],
  }),
  'foreign content type': (m) =>
    m.almostRight({
      options: { contentType: m.one('application/x-python-serialize', 'text/plain', 'application/x-yaml', m.text(9)) },
    }),
  'empty content type': (m) => m.almostRight({ options: { contentType: '' } }),
  'foreign encoding': (m) => m.almostRight({ options: { contentEncoding: m.one('binary', 'latin-1', m.text(6)) } }),
  compressed: (m) => m.almostRight({ headers: m.headersWith({ compression: 'application/x-gzip' }) }),
  'retries that count nothing': (m) =>
    m.almostRight({ headers: m.headersWith({ retries: m.one<unknown>(-1, 'two', 1.5, {}, []) }) }),
  'eta that is no time': (m) =>
    m.almostRight({ headers: m.headersWith({ eta: m.one<unknown>('soon', 12, {}, '2026-13-45') }) }),
  'eta in the future': (m) => ({
    ...m.almostRight({ headers: m.headersWith({ eta: '2999-01-01T00:00:00Z' }) }),
    reasons: ['refused'],
  }),
  'address of onFailure that is none': (m) =>
    m.almostRight({ headers: m.headersWith({ 'tq-on-failure': m.one<unknown>('told', 7, [], { task: 'told' }) }) }),
  'root that is no text': (m) => m.almostRight({ headers: m.headersWith({ root_id: m.one<unknown>(5, {}, []) }) }),
  'random bytes': (m) => m.almostRight({ body: Buffer.concat([Buffer.of(0xff), m.bytes(m.upTo(200))]) }),
  'empty body': (m) => m.almostRight({ body: '' }),
  'cut JSON': (m) => m.almostRight({ body: '[[1,"a"],{},null]'.slice(0, 1 + m.upTo(15)) }),
  'JSON of another shape': (m) =>
    m.almostRight({
      body: m.one(
        '{}',
        '7',
        'null',
        '"text"',
        '[]',
        '[[1]]',
        '[[1],{}]',
        '[1,{},null]',
        '[[],[],null]',
        '[[],{},7]',
        '[{},{},{}]',
      ),
    }),
  'a protocol 1 body': (m) => m.almostRight({ headers: {}, body: '{"task":"echo","id":"1","args":[],"kwargs":{}}' }),
  'deep nesting': (m) => m.almostRight({ body: '['.repeat(10_000 + m.upTo(10_000)) }),
  'malformed typed value': (m) =>
    m.almostRight({
      body: m.one(
        '[[{"__type__":"datetime","__value__":7}],{},null]',
        '[[{"__type__":"tq.bigint","__value__":"x"}],{},null]',
        '[[{"__type__":"tq.map","__value__":[1]}],{},null]',
      ),
    }),
  'headers that route copies': (m) =>
    m.almostRight({ headers: { ...m.randomHeaders(), 'x-death': [{ queue: m.text(4) }] } }),
  'reply address that is gone': (m) => m.almostRight({ body: 'x', options: { replyTo: `gone.${m.text(8)}` } }),
} satisfies Record<string, Make>;
