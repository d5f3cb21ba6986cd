import { describe, expect, it } from 'vitest';
import { subscriptionInflow } from '../../src/broker/subscription-topology.js';
import type { SubscriptionFacts } from '../../src/protocol/subscription.js';

const base: SubscriptionFacts = {
  name: 'on:a',
  exchange: 'p.tq.events',
  keys: ['a.*', 'b'],
  queue: 'p.tq.everybody.a',
  format: 'json',
};
const EVENTS = [
  { name: 'p.tq.events', type: 'topic' },
  { name: 'p.tq.events.headers', type: 'headers' },
];
const TO_HEADERS = { exchange: 'p.tq.events', to: 'p.tq.events.headers', routingKey: '#' };
const inflow = (more: Partial<SubscriptionFacts>) => subscriptionInflow({ ...base, ...more }, 'p.q', 'p.');

describe('what brings events to a queue', () => {
  it('is a binding for each key', () => {
    expect(inflow({})).toEqual({
      exchanges: EVENTS,
      bindings: [
        TO_HEADERS,
        { queue: 'p.q', exchange: 'p.tq.events', routingKey: 'a.*' },
        { queue: 'p.q', exchange: 'p.tq.events', routingKey: 'b' },
      ],
    });
  });

  it('is the exchange that goes by headers, where any key will do', () => {
    expect(inflow({ keys: ['#'], headers: { region: 'eu' }, match: 'any' })).toEqual({
      exchanges: EVENTS,
      bindings: [
        TO_HEADERS,
        {
          queue: 'p.q',
          exchange: 'p.tq.events.headers',
          routingKey: '',
          arguments: { region: 'eu', 'x-match': 'any' },
        },
      ],
    });
  });

  it('is an exchange of its own between the two, where key and headers count', () => {
    expect(inflow({ headers: { region: 'eu' } })).toEqual({
      exchanges: [...EVENTS, { name: 'p.tq.everybody.a.headers', type: 'headers' }],
      bindings: [
        TO_HEADERS,
        { exchange: 'p.tq.events', to: 'p.tq.everybody.a.headers', routingKey: 'a.*' },
        { exchange: 'p.tq.events', to: 'p.tq.everybody.a.headers', routingKey: 'b' },
        {
          queue: 'p.q',
          exchange: 'p.tq.everybody.a.headers',
          routingKey: '',
          arguments: { region: 'eu', 'x-match': 'all' },
        },
      ],
    });
  });

  it("is what the subscription says, and no declaration, at an exchange of the user's", () => {
    expect(inflow({ exchange: 'p.logs', keys: ['error'] })).toEqual({
      exchanges: [],
      bindings: [{ queue: 'p.q', exchange: 'p.logs', routingKey: 'error' }],
    });
    expect(inflow({ exchange: 'p.logs', keys: [''], headers: { a: null } }).bindings).toEqual([
      { queue: 'p.q', exchange: 'p.logs', routingKey: '', arguments: { a: null, 'x-match': 'all' } },
    ]);
  });
});
