import { AmqpError } from '../../errors.js';
import type { Handlers } from './handler.js';

/** Class confirm (RabbitMQ's publisher confirms). */
export const confirmHandlers: Handlers<'confirm.select'> = {
  'confirm.select': (channel, { noWait }) => {
    if (channel.mode.kind === 'tx') {
      throw new AmqpError('PRECONDITION_FAILED', 'cannot switch from tx to confirm mode');
    }
    channel.selectConfirms();
    if (!noWait) channel.send('confirm.select-ok', {});
  },
};
