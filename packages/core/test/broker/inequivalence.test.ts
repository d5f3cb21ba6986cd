import { expect, it } from 'vitest';
import { parseInequivalence } from '../../src/broker/inequivalence.js';

/** As amqplib gives what RabbitMQ 3.10 says. */
const text = (argument: string, received: string, current: string) =>
  `Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - inequivalent arg '${argument}' for queue 'a'b' in vhost '/': received ${received} but current is ${current}"`;

it.each([
  ['x-message-ttl', 'none', "the value '5000' of type 'short'", undefined, 5_000],
  ['x-max-priority', "'5'", "'10'", 5, 10],
  ['x-queue-type', "the value 'quorum' of type 'longstr'", 'none', 'quorum', undefined],
  ['x-dead-letter-exchange', "'it's but current is x'", "'d'", "it's but current is x", 'd'],
  ['x-dead-letter-exchange', "the value '5' of type 'longstr'", 'none', '5', undefined],
  ['x-single-active-consumer', 'none', "the value 'true' of type 'bool'", undefined, true],
  ['durable', "'false'", "'true'", false, true],
])('reads that %s was to be %s and is %s', (argument, received, current, wanted, found) => {
  expect(parseInequivalence(text(argument, received, current))).toEqual({ argument, wanted, found });
});

it('leaves other refusals alone', () => {
  expect(parseInequivalence("406 PRECONDITION_FAILED - invalid arg 'x-max-length' for queue 'q'")).toBeUndefined();
});
