import { describe, expect, it } from 'vitest';
import { REPLY_TO_PREFIX } from '../../src/model/direct-replies.js';
import { bodyOf, messageOf } from './messages.js';
import { Scene } from './scene.js';

describe('a direct reply', () => {
  const address = `${REPLY_TO_PREFIX}somebody`;

  it('goes to who waits for it, once, and to no queue', () => {
    const all = new Scene();
    const replies: string[] = [];
    all.vhost.directReplies.open(address, { deliverReply: (message) => replies.push(bodyOf(message)) });
    const message = messageOf('reply', { routingKey: address });
    const queues = all.vhost.route(all.vhost.exchanges.get(''), message, [address, address]);
    expect([replies, queues]).toEqual([['reply'], []]);
  });

  it('to somebody who is gone is dropped in silence', () => {
    const all = new Scene();
    all.vhost.directReplies.open(address, { deliverReply: () => expect.fail('nobody is there') });
    all.vhost.directReplies.close(address);
    expect([all.publish('', address, 'late'), all.vhost.directReplies.has(address)]).toEqual(['unroutable', false]);
  });

  it('is one only by way of the default exchange', () => {
    const all = new Scene();
    all.exchange('x', 'fanout');
    all.vhost.directReplies.open(address, { deliverReply: () => expect.fail('it was sent to an exchange') });
    all.publish('x', address, 'a');
  });
});
