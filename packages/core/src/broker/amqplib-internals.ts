import type { Socket } from 'node:net';
import type { ChannelModel } from 'amqplib';

/**
 * The one file that touches what amqplib does not export: its socket, and whether that and its two heartbeat timers
 * keep the process alive. Written for amqplib 2.3.1; where a later version lacks a part, that part is left as it is.
 */
interface Internals {
  readonly stream?: Partial<Pick<Socket, 'ref' | 'unref' | 'destroy'>>;
  readonly heartbeater?: { readonly sendTimer?: NodeJS.Timeout; readonly recvTimer?: NodeJS.Timeout } | null;
}

/** Makes an open connection keep the process alive, or not. */
export function setKeepsAlive(model: ChannelModel, keepsAlive: boolean): void {
  const { stream, heartbeater } = model.connection as Internals;
  const change = keepsAlive ? 'ref' : 'unref';
  stream?.[change]?.();
  heartbeater?.sendTimer?.[change]();
  heartbeater?.recvTimer?.[change]();
}

/** Cuts a connection whose other side does not answer any more. Without an error amqplib would not notice its end. */
export function cut(model: ChannelModel): void {
  (model.connection as Internals).stream?.destroy?.(new Error('The broker did not answer connection.close in time.'));
}
