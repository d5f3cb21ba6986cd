import { describe, expect, it } from 'vitest';
import { type FieldTable, longString } from '../../src/field-value.js';
import { readConsumerArguments } from '../../src/model/consumer-arguments.js';
import { int, yes } from './field-values.js';

function read(type: 'classic' | 'quorum', consumerArguments: FieldTable) {
  return readConsumerArguments({ name: 'q', type }, '/', consumerArguments);
}

describe('the arguments of a consumer', () => {
  it('give a priority, 0 when none is given', () => {
    expect(read('classic', []).priority).toBe(0);
    expect(read('quorum', [['x-priority', int(-3)]]).priority).toBe(-3);
    expect(read('classic', [['x-priority', { tag: 'l', value: 7n }]]).priority).toBe(7);
  });

  it('are refused with a priority that is no integer', () => {
    expect(() => read('classic', [['x-priority', longString('high')]])).toThrow(
      "PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'q' in vhost '/': \"expected integer, got longstr\"",
    );
  });

  it('may ask a classic queue for cancellation on failover, and no quorum queue', () => {
    const cancel: FieldTable = [['x-cancel-on-ha-failover', yes]];
    expect(read('classic', cancel).priority).toBe(0);
    expect(() => read('classic', [['x-cancel-on-ha-failover', int(1)]])).toThrow('{unacceptable_type,signedint}');
    expect(() => read('quorum', cancel)).toThrow(
      "invalid arg 'x-cancel-on-ha-failover' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue",
    );
  });

  it('are refused with an offset, which only streams have', () => {
    expect(() => read('classic', [['x-stream-offset', int(1)]])).toThrow('of queue type rabbit_classic_queue');
  });
});
