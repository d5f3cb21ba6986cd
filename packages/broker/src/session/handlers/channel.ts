import { AmqpError } from '../../errors.js';
import type { Handlers } from './handler.js';

/** Class channel, beside opening and closing (AMQP 0-9-1 section 1.5). */
export const channelHandlers: Handlers<'channel.flow'> = {
  'channel.flow': (channel, { active }) => {
    if (!active) throw new AmqpError('NOT_IMPLEMENTED', 'active=false');
    channel.send('channel.flow-ok', { active });
  },
};
