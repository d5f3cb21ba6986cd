import { describe, expect, it } from 'vitest';
import { drain } from '../model/scene.js';
import { ChannelScene } from './channel-scene.js';

const PERSISTENT = { persistent: true };

function scene() {
  const all = new ChannelScene();
  all.call('tx.select', {});
  const queue = all.model.queue('q', { durable: true });
  all.said();
  return { all, queue, store: all.model.store, commit: () => all.call('tx.commit', {}) };
}

describe('a channel with transactions', () => {
  it('publishes nothing before the commit, and all of it then', () => {
    const { all, queue, commit } = scene();
    for (const body of ['a', 'b']) all.publish(queue, body);
    expect(queue.messageCount).toBe(0);
    commit();
    expect(drain(queue)).toEqual(['a', 'b']);
  });

  it('answers the commit when the store has it all', () => {
    const { all, queue, store, commit } = scene();
    all.publish(queue, 'a', PERSISTENT);
    commit();
    expect(all.said()).toEqual([]);
    store.flush();
    expect(all.said()).toEqual(['tx.commit-ok']);
  });

  it('tells the store of publishes and settlements in one step', () => {
    const { all, queue, store, commit } = scene();
    all.model.publish('', 'q', 'old', PERSISTENT);
    all.consume(queue);
    store.take();
    all.publish(queue, 'new', PERSISTENT);
    all.ack(1);
    expect([store.take(), queue.unacknowledgedCount]).toEqual([[], 1]);
    commit();
    expect(store.take()).toEqual(['save 1/1 new', 'delivered 1 p0 1', 'remove 0']);
  });

  it('answers no commit when it was closed meanwhile', () => {
    const { all, queue, store, commit } = scene();
    all.publish(queue, 'a', PERSISTENT);
    commit();
    all.channel.end('closed');
    store.flush();
    expect([all.said(), queue.messageCount]).toEqual([[], 1]);
  });

  it('fails at the commit when a queue refuses a message', () => {
    const { all, commit } = scene();
    const full = all.model.queue('full', { arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' } });
    all.publish(full, 'a');
    expect(commit).toThrow('PRECONDITION_FAILED - partial tx completion');
  });

  it('forgets all with a rollback; what it had settled is unsettled, in its old order', () => {
    const { all, queue } = scene();
    for (const body of ['a', 'b', 'c']) all.model.publish('', 'q', body);
    all.consume(queue);
    all.publish(queue, 'new');
    for (const tag of [2, 1]) all.ack(tag);
    all.call('tx.rollback', {});
    all.call('tx.commit', {});
    expect([queue.messageCount, queue.unacknowledgedCount]).toEqual([0, 3]);
    all.channel.end('closed');
    expect(drain(queue)).toEqual(['a', 'b', 'c']);
  });

  it('gives back at its end what it had settled without a commit', () => {
    const { all, queue } = scene();
    all.model.publish('', 'q', 'a');
    all.consume(queue);
    all.ack(1);
    all.channel.end('closing');
    expect([drain(queue), queue.unacknowledgedCount]).toEqual([['a'], 0]);
  });
});
