import * as failures from '../broker/publish-failure.js';
import type { Transport } from '../results/transport.js';

/** The transport of an app that was closed before its first call: each call fails like one after that. */
export const closedTransport: Transport = {
  send: ({ listener }) => {
    const error = failures.toPublishError(failures.closedBefore, false);
    queueMicrotask(() => listener.failed(error));
  },
  forget: () => undefined,
  hold: () => () => undefined,
  room: () => undefined,
  queueStatus: () => Promise.resolve(undefined),
};
