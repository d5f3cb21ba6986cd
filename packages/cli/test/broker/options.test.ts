import { expect, it } from 'vitest';
import { Arguments, type OptionValue } from '../../src/arguments.js';
import { readBrokerOptions } from '../../src/broker/options.js';

const read = (values: Record<string, OptionValue>) =>
  readBrokerOptions(new Arguments('broker', [], values), '/home/ada');

it('without options it takes the default port and a folder below the current one', () => {
  expect(read({})).toEqual({ port: 5_672, dataDir: '/home/ada/.tq/broker' });
});

it('hands over what was given, and nothing else', () => {
  const values = { port: '0', host: '0.0.0.0', memory: true, 'memory-limit': '64mb', vhost: ['/', 'jobs'] } as const;
  expect(read({ ...values, user: ['ada:se:cret', 'bob:b'] })).toEqual({
    port: 0,
    host: '0.0.0.0',
    memory: true,
    users: { ada: 'se:cret', bob: 'b' },
    vhosts: ['/', 'jobs'],
    limits: { memory: 67_108_864 },
  });
});

it.each<[Record<string, OptionValue>, string]>([
  [{ port: '65536' }, '--port: expected a port from 1 to 65535, or 0 for a free one, found 65536.'],
  [{ port: '-1' }, 'found -1.'],
  [{ memory: true, data: 'x' }, '--memory: expected no --data beside it'],
  [{ user: ['ada'] }, '--user: expected NAME:PASSWORD'],
  [{ user: [':secret'] }, '--user: expected NAME:PASSWORD'],
  [{ user: ['secret:'] }, '--user: expected NAME:PASSWORD'],
  [{ user: ['ada:secret', 'ada:secret'] }, "--user: 'ada' is given twice."],
])('refuses %j and shows no password', (values, text) => {
  let message = '';
  try {
    read(values);
  } catch (error) {
    expect(error).toMatchObject({ code: 'usage' });
    message = (error as Error).message;
  }
  expect(message).toContain(text);
  expect(message).not.toContain('secret');
});
