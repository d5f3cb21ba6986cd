import * as failures from '../broker/publish-failure.js';
import type { PublishListener, Transport } from '../results/transport.js';

const refuse = ({ listener }: { readonly listener: PublishListener }): void => {
  const error = failures.toPublishError(failures.closedBefore, false);
  queueMicrotask(() => listener.failed(error));
};

/** The transport of an app that was closed before its first call: each call fails like one after that. */
export const closedTransport: Transport = {
  send: refuse,
  publish: refuse,
  ask: refuse,
  forget: () => undefined,
  hold: () => () => undefined,
  room: () => undefined,
  queueStatus: () => Promise.resolve(undefined),
};
