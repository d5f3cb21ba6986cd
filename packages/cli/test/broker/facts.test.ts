import type { Broker, BrokerState } from '@tq/broker';
import { expect, it } from 'vitest';
import { formatCounts } from '../../src/broker/counts.js';
import { describeBroker, formatBrokerBanner } from '../../src/broker/facts.js';

const state: BrokerState = {
  connections: 0,
  channels: 0,
  queues: 0,
  consumers: 0,
  messages: 0,
  unacknowledged: 0,
  memory: { used: 0, limit: 268_435_456, blocked: false },
  totals: { published: 0, delivered: 0, acknowledged: 0 },
  listening: ['127.0.0.1:5672', '[::1]:5672'],
  dataDir: '/home/ada/.tq/broker',
};

const broker = (url: string, changes: Partial<BrokerState> = {}): Broker => ({
  url,
  failed: new Promise(() => {}),
  stop: async () => {},
  inspect: () => ({ ...state, ...changes }),
});

it('the banner tells addresses, data and limits, and that the default address needs no setting', () => {
  const facts = describeBroker(broker('amqp://guest:guest@127.0.0.1:5672'), {});
  expect(formatBrokerBanner(facts, '1.2.3').split('\n')).toEqual([
    'tq 1.2.3 broker, AMQP 0-9-1',
    '  listen  127.0.0.1:5672, [::1]:5672',
    '  data    /home/ada/.tq/broker',
    '  users   guest',
    '  vhosts  /',
    '  memory  publishers wait above 256 MB of message bodies',
    '  use     the default address: workers and callers find it',
  ]);
});

it('the banner of another address has the setting that leads there, without a password', () => {
  const memory = describeBroker(broker('amqp://guest:guest@127.0.0.1:5673', { dataDir: undefined }), {});
  expect(formatBrokerBanner(memory, '1.2.3')).toContain('use     TQ_URL=amqp://127.0.0.1:5673');
  expect(formatBrokerBanner(memory, '1.2.3')).toContain('data    in memory: gone when the broker ends');
  const facts = describeBroker(broker('amqp://ada:secret@10.0.0.7:5672'), {
    users: { ada: 'secret' },
    vhosts: ['jobs'],
  });
  const banner = formatBrokerBanner(facts, '1.2.3');
  expect(banner).toContain('use     TQ_URL=amqp://ada@10.0.0.7:5672');
  expect(banner).toContain('vhosts  jobs');
  expect(banner).not.toContain('secret');
});

it('a line of counts has what is there, and rates for the time that has passed', () => {
  const now = {
    ...state,
    connections: 1,
    queues: 4,
    messages: 12_345,
    unacknowledged: 8,
    memory: { used: 12_897_485, limit: 268_435_456, blocked: false },
    totals: { published: 2_400, delivered: 2_000, acknowledged: 10 },
  };
  expect(formatCounts(now, state, 2_000)).toBe(
    '1 connection · 4 queues · 12,345 ready · 8 unacked · 1,200 in/s · 1,000 out/s · 12.3 MB',
  );
  const blocked = { ...now, memory: { ...now.memory, blocked: true } };
  expect(formatCounts(blocked, now, 1_000)).toContain('0 in/s · 0 out/s · 12.3 MB, publishers blocked');
});
