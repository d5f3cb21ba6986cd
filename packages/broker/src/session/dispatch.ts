import { AmqpError } from '../errors.js';
import type { Method, MethodName } from '../wire/methods.js';
import type { Channel } from './channel.js';
import { accessHandlers } from './handlers/access.js';
import { basicHandlers } from './handlers/basic.js';
import { channelHandlers } from './handlers/channel.js';
import { confirmHandlers } from './handlers/confirm.js';
import { exchangeHandlers } from './handlers/exchange.js';
import { queueHandlers } from './handlers/queue.js';
import { txHandlers } from './handlers/tx.js';

/** Every method that an open channel takes, beside basic.publish and its own close. */
const HANDLERS = {
  ...accessHandlers,
  ...basicHandlers,
  ...channelHandlers,
  ...confirmHandlers,
  ...exchangeHandlers,
  ...queueHandlers,
  ...txHandlers,
};

/**
 * Carries out a method of an open channel.
 * @throws {AmqpError} what the handler throws; COMMAND_INVALID for a method that only brokers send
 */
export function dispatch(channel: Channel, method: Method): void {
  const handler = handlerOf(method.name);
  if (handler === undefined) throw new AmqpError('COMMAND_INVALID', 'unimplemented method');
  handler(channel, method.args);
}

function handlerOf(name: MethodName): ((channel: Channel, args: Method['args']) => void) | undefined {
  return (HANDLERS as Partial<Record<MethodName, (channel: Channel, args: Method['args']) => void>>)[name];
}
