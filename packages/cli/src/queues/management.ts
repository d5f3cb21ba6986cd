import type { KnownBinding } from '@tq/core';
import { isRecord, maskUrl, TqError, toError } from '@tq/core/internal';

/** A queue as RabbitMQ's management API describes it; its counts may be some seconds old, and are absent at first. */
export interface ManagedQueue {
  readonly name: string;
  readonly type: string | null;
  /** `running`, `down`, `minority` and the like. */
  readonly state: string | null;
  readonly ready: number | null;
  readonly unacked: number | null;
  readonly consumers: number | null;
  readonly arguments: Readonly<Record<string, unknown>> | null;
}

/** Where the API is, and of which virtual host it is asked. */
export interface ManagementTarget {
  /** `http(s)://user:password@host:15672`, with a path where RabbitMQ has one. */
  readonly url: string;
  readonly vhost: string;
  readonly timeoutMs: number;
}

const COLUMNS = 'name,type,state,messages_ready,messages_unacknowledged,consumers,arguments';

/**
 * Every queue of the virtual host (`GET /api/queues/VHOST`).
 * @throws {TqError} `invalid-option` when it is no such API or has no such virtual host, `access-refused`,
 *   `connect-failed` when nothing answers in time; the text never shows the password
 */
export function fetchQueues(target: ManagementTarget): Promise<readonly ManagedQueue[]> {
  return fetchList(target, 'queues', COLUMNS, (list) => (list.every(isQueue) ? list.map(describe) : undefined));
}

const BINDING_COLUMNS = 'source,destination,destination_type,routing_key,arguments';

/**
 * Every binding of the virtual host but those of the default exchange (`GET /api/bindings/VHOST`).
 * @throws {TqError} as above
 */
export async function fetchBindings(target: ManagementTarget): Promise<readonly KnownBinding[]> {
  const all = await fetchList(target, 'bindings', BINDING_COLUMNS, (list) =>
    list.every(isBinding) ? list.map(describeBinding) : undefined,
  );
  return all.filter(({ source }) => source !== '');
}

async function fetchList<T>(
  target: ManagementTarget,
  what: string,
  columns: string,
  read: (list: readonly unknown[]) => readonly T[] | undefined,
): Promise<readonly T[]> {
  const { address, headers } = readUrl(target.url);
  const resource = `${address}/api/${what}/${encodeURIComponent(target.vhost)}?columns=${columns}`;
  const { status, type, text } = await get(resource, headers, target);
  const fail = (code: TqError['code'], found: string, todo: string) =>
    new TqError(code, `The management API at ${maskUrl(target.url)} ${found}. ${todo}`, { fields: { status } });
  if (status === 401 || status === 403) {
    const todo = 'Put a user that has the tag management before the host, USER:PASSWORD@HOST.';
    throw fail('access-refused', `refused the user (${status})`, todo);
  }
  const list = status === 200 ? parseList(text, read) : undefined;
  if (list !== undefined) return list;
  if (status === 404 && type.includes('json')) {
    throw fail('invalid-option', `has no virtual host '${target.vhost}' (404)`, "It is the one of the app's URL.");
  }
  const todo = 'Is this the address of RabbitMQ with the plugin rabbitmq_management, http://HOST:15672?';
  throw fail('invalid-option', `answered ${status} with ${type || 'no content type'}, expected a list in JSON`, todo);
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function get(resource: string, headers: Record<string, string>, target: ManagementTarget): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(target.timeoutMs);
    // The credentials are for this address alone, so no redirect is followed.
    const answer = await fetch(resource, { headers, signal, redirect: 'manual' });
    return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
  } catch (thrown) {
    const error = toError(thrown);
    const why =
      error.name === 'TimeoutError' ? `no answer within ${target.timeoutMs} ms` : toError(error.cause ?? error).message;
    throw new TqError('connect-failed', `No connection to the management API at ${maskUrl(target.url)}: ${why}.`, {
      cause: error,
    });
  }
}

/** `fetch` takes no credentials in a URL. */
function readUrl(text: string): { readonly address: string; readonly headers: Record<string, string> } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const expected = '--management: expected an http:// or https:// address with USER:PASSWORD@ before the host';
    throw new TqError('invalid-option', `${expected}, found '${maskUrl(text)}'.`);
  }
  const address = `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
  if (url.username === '') return { address, headers: {} };
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { address, headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } };
}

/** undefined when it is something else than such a list. */
function parseList<T>(
  text: string,
  read: (list: readonly unknown[]) => readonly T[] | undefined,
): readonly T[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? read(list) : undefined;
  } catch {
    return undefined;
  }
}

type RawQueue = Readonly<Record<string, unknown>> & { readonly name: string };

function isQueue(value: unknown): value is RawQueue {
  return typeof value === 'object' && value !== null && typeof (value as { name?: unknown }).name === 'string';
}

function describe(raw: RawQueue): ManagedQueue {
  const table = raw.arguments;
  return {
    name: raw.name,
    type: textOf(raw.type),
    state: textOf(raw.state),
    ready: numberOf(raw.messages_ready),
    unacked: numberOf(raw.messages_unacknowledged),
    consumers: numberOf(raw.consumers),
    arguments: tableOf(table),
  };
}

/** An empty table comes as an empty list. */
function tableOf(table: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof table !== 'object' || table === null) return null;
  return Array.isArray(table) ? {} : { ...table };
}

type RawBinding = Readonly<
  Record<'source' | 'destination' | 'destination_type' | 'routing_key', string> & { arguments?: unknown }
>;

function isBinding(value: unknown): value is RawBinding {
  const keys = ['source', 'destination', 'destination_type', 'routing_key'];
  return isRecord(value) && keys.every((key) => typeof value[key] === 'string');
}

function describeBinding(raw: RawBinding): KnownBinding {
  return {
    source: raw.source,
    destination: raw.destination,
    destinationType: raw.destination_type === 'queue' ? 'queue' : 'exchange',
    routingKey: raw.routing_key,
    arguments: (tableOf(raw.arguments) ?? {}) as KnownBinding['arguments'],
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
