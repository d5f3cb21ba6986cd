import { expect, it } from 'vitest';
import { consumerTimeoutOf } from '../../src/broker/consumer-timeout.js';

/** As amqplib reports what RabbitMQ 3.10.8 closes a channel with. */
const TIMED_OUT =
  'Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - delivery acknowledgement on ' +
  'channel 12 timed out. Timeout value used: 1800000 ms. This timeout value can be configured, see consumers doc guide to learn more"';

it.each([
  [new Error(TIMED_OUT), 1_800_000],
  [new Error('406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - unknown delivery tag 7"'), undefined],
  [undefined, undefined],
])('of %s the consumer timeout is %s', (reason, timeoutMs) => {
  expect(consumerTimeoutOf(reason)).toBe(timeoutMs);
});
