import { type FieldTable, longString } from '../field-value.js';

/** Clients switch on product and version, so these are RabbitMQ's: the version whose behaviour this broker has. */
const PRODUCT = 'RabbitMQ';
const VERSION = '3.10.8';

const CAPABILITIES = [
  'publisher_confirms',
  'exchange_exchange_bindings',
  'basic.nack',
  'consumer_cancel_notify',
  'connection.blocked',
  'consumer_priorities',
  'authentication_failure_close',
  'per_consumer_qos',
  'direct_reply_to',
];

/** What the broker says of itself (connection.start, server-properties). */
export const SERVER_PROPERTIES: FieldTable = [
  ['capabilities', { tag: 'F', value: CAPABILITIES.map((name) => [name, { tag: 't', value: true }]) }],
  ['cluster_name', longString('tq@localhost')],
  ['copyright', longString('MIT licence')],
  ['information', longString('The embedded broker of tq. It behaves as RabbitMQ does, and is not RabbitMQ.')],
  ['platform', longString(`Node.js ${process.versions.node}`)],
  ['product', longString(PRODUCT)],
  ['version', longString(VERSION)],
];
