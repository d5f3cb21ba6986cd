import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { brokerUrl, DEFAULT_URL, maskUrl } from '../../src/broker/broker-url.js';
import { thrownBy } from '../protocol/thrown-by.js';

it('adds the heartbeat, unless the URL has one', () => {
  expect(brokerUrl('amqp://u:p@host:1234/vhost', 10)).toBe('amqp://u:p@host:1234/vhost?heartbeat=10');
  expect(brokerUrl('amqps://host?heartbeat=3', 10)).toBe('amqps://host?heartbeat=3');
  expect(brokerUrl('amqp://host?frameMax=8192', 0)).toBe('amqp://host?frameMax=8192&heartbeat=0');
  expect(brokerUrl(DEFAULT_URL, 10)).toBe('amqp://guest:guest@127.0.0.1:5672?heartbeat=10');
});

it.each([
  ['http://u:secret@host', "found 'http'"],
  ['u:secret@host', "found 'u'"],
  ['localhost:5672', "found 'localhost'"],
  ['amqp://u:secret@host:99999', "found 'amqp://…@host:99999'"],
  ['amqp://u:se/cret@host', "found 'amqp://…@host'"],
  ['//u:secret@host', "found '//…@host'"],
  ['', "found ''"],
  // A password with a comma, as the list in a variable is cut.
  ['amqp://u:secret', "found 'amqp://…'"],
  ['amqp://u:1secret', "found 'amqp://…'"],
  ['cret@host', "found '…@host'"],
])('refuses %s without showing a password', (url, text) => {
  const error = thrownBy(() => brokerUrl(url, 10)) as Error;
  expect(error).toMatchObject({ code: 'invalid-option', message: expect.stringContaining(text) });
  expect(inspect(error)).not.toMatch(/secret|se\/|cr\/|et@/);
});

it.each([
  ['amqp://u:secret@host:5672/', 'amqp://u@host:5672'],
  ['amqps://u:secret@host/vhost?heartbeat=3&secret=secret', 'amqps://u@host/vhost'],
  ['amqp://host', 'amqp://host'],
  ['amqp://:secret@host', 'amqp://host'],
  ['amqp://u:12/secret@host', 'amqp://…@host'],
  ['amqp://u:12#secret@host', 'amqp://…@host'],
  ['amqp://u:12?secret@host', 'amqp://…@host'],
  ['amqp://u:se@cr@host', 'amqp://u@host'],
  ['amqp://u:se@cr/et@host:5672', 'amqp://…@host:5672'],
  ['not a url //u:sec/ret@host?secret', 'not a url //…@host'],
])('shows %s as %s', (url, shown) => {
  expect(maskUrl(url)).toBe(shown);
});
