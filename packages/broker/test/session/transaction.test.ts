import { describe, expect, it } from 'vitest';
import { Transaction } from '../../src/session/transaction.js';

describe('a transaction', () => {
  it('gives out its publishes and settlements in order, and begins anew', () => {
    const transaction = new Transaction<string>();
    transaction.publish('a');
    transaction.settle('acknowledge', []);
    transaction.publish('b');
    transaction.settle('requeue', []);
    const { publishes, settlements } = transaction.take();
    expect([publishes, settlements.map(({ how }) => how)]).toEqual([
      ['a', 'b'],
      ['acknowledge', 'requeue'],
    ]);
    expect(transaction.take()).toEqual({ publishes: [], settlements: [] });
  });
});
