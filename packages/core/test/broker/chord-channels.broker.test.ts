import { describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer, queueState } from '../../../../test/support/broker.js';
import { ChordChannel } from '../../src/broker/chord-channel.js';
import { ChordChannels } from '../../src/broker/chord-channels.js';
import { declareQueue } from '../../src/broker/declare.js';
import { chordQueueDeclaration } from '../../src/broker/topology.js';
import { testRuntime } from '../test-runtime.js';
import { connectionTo } from './connections.js';

/** A chord's queue with so many replies of so many bytes. */
async function chordOf(peer: Peer, count: number, bytes = 10): Promise<string> {
  const queue = `${freshPrefix()}chord`;
  await declareQueue(peer.channel, chordQueueDeclaration(queue, 60_000));
  const channel = await peer.connection.createConfirmChannel();
  for (let n = 0; n < count; n++)
    channel.sendToQueue(queue, Buffer.from(String(n).padEnd(bytes)), { persistent: true });
  await channel.waitForConfirms();
  await channel.close();
  return queue;
}

const bodies = (replies: readonly { readonly body: Buffer }[]) => replies.map(({ body }) => Number(body));

describe('a channel for chords', () => {
  it('takes all that is ready, in order, and gives it back to where it was', async () => {
    await using peer = await openPeer();
    const queue = await chordOf(peer, 5);
    for (let turn = 0; turn < 3; turn++) {
      const channel = await ChordChannel.open(peer.connection);
      expect(await channel.look(queue)).toMatchObject({ kind: 'there', messages: 5 });
      const take = await channel.take(queue, 5);
      expect(take.kind === 'taken' && bodies(take.replies)).toEqual([0, 1, 2, 3, 4]);
      expect(channel.isHolding).toBe(true);
      expect(await channel.look(queue)).toMatchObject({ kind: 'there', messages: 0, consumers: 0 });
      await channel.close();
    }
  });

  it('takes a thousand large replies whole, whatever the socket holds', async () => {
    await using peer = await openPeer();
    const queue = await chordOf(peer, 1_000, 8_000);
    const channel = await ChordChannel.open(peer.connection);
    const take = await channel.take(queue, 1_000);
    expect(take.kind === 'taken' && bodies(take.replies)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
  });

  it('leaves a queue to who takes it already, and goes on when that is done', async () => {
    await using peer = await openPeer();
    const queue = await chordOf(peer, 1);
    await peer.channel.consume(queue, () => undefined, { exclusive: true, consumerTag: 'first' });
    const late = await ChordChannel.open(peer.connection);
    expect(await late.take(queue, 1)).toEqual({ kind: 'busy' });
    expect(late.isOpen).toBe(false);
    await peer.channel.cancel('first');
    const other = await ChordChannel.open(peer.connection);
    // The first one holds the reply still, so nothing is there to take.
    expect(await other.take(queue, 1)).toEqual({ kind: 'taken', replies: [] });
  });

  it('deletes the queue under what it holds, and is as good as new', async () => {
    await using peer = await openPeer();
    const channel = await ChordChannel.open(peer.connection);
    for (let turn = 0; turn < 3; turn++) {
      const queue = await chordOf(peer, 3);
      await channel.take(queue, 3);
      await channel.delete(queue);
      expect(await queueState(peer, queue)).toBeUndefined();
      expect(channel.isHolding).toBe(false);
    }
    expect(channel.isOpen).toBe(true);
  });

  it('says that a queue is missing', async () => {
    await using peer = await openPeer();
    const queue = `${freshPrefix()}chord`;
    expect(await (await ChordChannel.open(peer.connection)).look(queue)).toEqual({ kind: 'missing' });
    expect(await (await ChordChannel.open(peer.connection)).take(queue, 1)).toEqual({ kind: 'missing' });
  });
});

describe('the channels for chords', () => {
  it('look once for all who ask before the look begins, and anew for who asks later', async () => {
    await using peer = await openPeer();
    const queue = await chordOf(peer, 2);
    const channels = new ChordChannels(await connected());
    const first = channels.look(queue);
    const second = channels.look(queue);
    const third = channels.look(queue);
    expect(second).not.toBe(first);
    expect(third).toBe(second);
    const looks = await Promise.all([first, second, third]);
    for (const look of looks) expect(look).toMatchObject({ kind: 'there', messages: 2 });
  });

  it('go on looking after a queue that is gone has closed their channel', async () => {
    await using peer = await openPeer();
    const queue = await chordOf(peer, 1);
    const channels = new ChordChannels(await connected());
    const looks = await Promise.all([channels.look(`${queue}.none`), channels.look(queue), channels.look('none')]);
    expect(looks.map(({ kind }) => kind)).toEqual(['missing', 'there', 'missing']);
  });

  it('lend a channel again, but none that holds something or is closed', async () => {
    await using peer = await openPeer();
    const queue = await chordOf(peer, 1);
    const channels = new ChordChannels(await connected());
    const first = await channels.lend(async (channel) => channel);
    expect(await channels.lend(async (channel) => channel)).toBe(first);
    await channels.lend((channel) => channel.take(queue, 1));
    expect(first.isOpen).toBe(false);
    expect(await queueState(peer, queue)).toMatchObject({ messages: 1 });
    const second = await channels.lend(async (channel) => channel);
    await expect(
      channels.lend(async () => {
        throw new Error('of its own');
      }),
    ).rejects.toThrow('of its own');
    expect(second.isOpen).toBe(false);
  });

  it('give back what was not dropped, in order', async () => {
    await using peer = await openPeer();
    const channels = new ChordChannels(await connected());
    const queue = await chordOf(peer, 200);
    for (let left = 200; left > 0; left -= 10) {
      const taken = await channels.lend(async (channel) => {
        const take = await channel.take(queue, left);
        if (take.kind !== 'taken') throw new Error(`expected replies, found ${take.kind}`);
        for (const reply of take.replies.slice(0, 10)) channel.drop(reply);
        return bodies(take.replies);
      });
      expect(taken).toEqual(Array.from({ length: left }, (_, n) => 200 - left + n));
      await expect.poll(() => channels.look(queue)).toMatchObject({ kind: 'there', messages: left - 10 });
    }
  });

  it('refuse without a connection', async () => {
    const channels = new ChordChannels(connectionTo([brokerUrl()], testRuntime()));
    await expect(channels.look('any')).rejects.toThrow('no connection');
    await expect(channels.lend(async () => undefined)).rejects.toThrow('no connection');
  });
});

describe('a chord queue', () => {
  it('goes by itself when nobody looks at it any more', async () => {
    await using peer = await openPeer();
    const queue = `${freshPrefix()}chord`;
    await declareQueue(peer.channel, chordQueueDeclaration(queue, 1_000));
    // Looking would renew it; a message that comes back tells of its end.
    const channel = await peer.connection.createConfirmChannel();
    let returned = 0;
    channel.on('return', () => returned++);
    while (returned === 0) {
      channel.publish('', queue, Buffer.from('x'), { mandatory: true });
      await channel.waitForConfirms();
    }
  });
});

async function connected() {
  const connection = connectionTo([brokerUrl()], testRuntime());
  await connection.whenOpen();
  return connection;
}
