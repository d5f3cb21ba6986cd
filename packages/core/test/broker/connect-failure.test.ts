import { expect, it } from 'vitest';
import { DEFAULT_URL } from '../../src/broker/broker-url.js';
import { describeConnectFailure } from '../../src/broker/connect-failure.js';

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5672'), { code: 'ECONNREFUSED' });
/** What Node throws for a host with several addresses. */
const refusedTwice = Object.assign(new AggregateError([refused], ''), { code: 'ECONNREFUSED' });

it.each([
  [DEFAULT_URL, refused],
  [`${DEFAULT_URL}/?heartbeat=10`, refused],
  ['amqp://ada:secret@127.0.0.1/jobs', refused],
  ['amqp://localhost', refusedTwice],
  ['amqp://[::1]:5672', refused],
])('where a local broker would listen and nobody does, it says how to start one: %s', (url, cause) => {
  expect(describeConnectFailure(url, cause)).toBe(
    'No broker at 127.0.0.1:5672: start one with `tq broker`, or set TQ_URL.',
  );
});

it.each([
  ['another port', 'amqp://ada:secret@127.0.0.1:5673', refused],
  ['another host', 'amqp://ada:secret@rabbit.example', refused],
  ['TLS', 'amqps://ada:secret@127.0.0.1:5672', refused],
  ['a refused login', DEFAULT_URL, new Error('ACCESS_REFUSED')],
])('%s is told as it is, without the password', (_, url, cause) => {
  const text = describeConnectFailure(url, cause);
  expect(text).toMatch(/^No connection to amqps?:/);
  expect(text).toContain(cause.message);
  expect(text).not.toMatch(/secret|tq broker/);
});

it('an error without a text of its own is told by its code', () => {
  expect(describeConnectFailure('amqp://rabbit.example', refusedTwice)).toBe(
    'No connection to amqp://rabbit.example: ECONNREFUSED',
  );
});
