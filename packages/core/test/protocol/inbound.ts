import type { Headers, InboundMessage, Properties } from '../../src/protocol/message.js';

/** A delivery that decodes, with these properties, headers and body in place of its own. */
export function inbound(
  properties: Properties = {},
  headers: Headers = {},
  body = Buffer.from('[[],{},null]'),
): InboundMessage {
  return {
    properties: {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: { task: 'tasks.add', id: 'i1', ...headers },
      ...properties,
    },
    body,
    exchange: '',
    routingKey: 'tq',
    redelivered: false,
  };
}
