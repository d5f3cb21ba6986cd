import * as failures from '../broker/publish-failure.js';
import { failCall, type OutgoingCall, type PublishListener, type Transport } from '../results/transport.js';

const closed = () => failures.toPublishError(failures.closedBefore, false);

const refuseCall = (call: OutgoingCall): void => {
  const error = closed();
  queueMicrotask(() => failCall(call, error));
};

const refuse = ({ listener }: { readonly listener: PublishListener }): void => {
  const error = closed();
  queueMicrotask(() => listener.failed(error));
};

/** The transport of an app that was closed before its first call: each call fails like one after that. */
export const closedTransport: Transport = {
  send: refuseCall,
  publish: refuse,
  ask: refuse,
  forget: () => undefined,
  hold: () => () => undefined,
  room: () => undefined,
  queueStatus: () => Promise.resolve(undefined),
};
