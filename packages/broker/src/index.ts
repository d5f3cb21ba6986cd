export { BrokerError, type BrokerErrorCode } from './errors.js';
export type { BrokerState } from './inspect.js';
export type { BrokerLimits, BrokerLogger, BrokerOptions } from './options.js';
export { type Broker, startBroker } from './server.js';
