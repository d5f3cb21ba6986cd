import { AmqpError } from '../../errors.js';
import type { Channel, Publish } from '../channel.js';
import type { Transaction } from '../transaction.js';
import type { Handlers } from './handler.js';

/** Class tx (AMQP 0-9-1 section 1.9). */
export const txHandlers: Handlers<'tx.select' | 'tx.commit' | 'tx.rollback'> = {
  'tx.select': (channel) => {
    if (channel.mode.kind === 'confirm') {
      throw new AmqpError('PRECONDITION_FAILED', 'cannot switch from confirm to tx mode');
    }
    channel.selectTransactions();
    channel.send('tx.select-ok', {});
  },

  // The answer follows when the store has it all.
  'tx.commit': (channel) => channel.commit(transactionOf(channel)),

  'tx.rollback': (channel) => {
    channel.rollback(transactionOf(channel));
    channel.send('tx.rollback-ok', {});
  },
};

function transactionOf({ mode }: Channel): Transaction<Publish> {
  if (mode.kind !== 'tx') throw new AmqpError('PRECONDITION_FAILED', 'channel is not transactional');
  return mode.transaction;
}
