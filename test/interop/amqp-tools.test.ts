/** Debian's amqp-tools: C programs, one for each thing that a client does. */
import { describe, expect, it } from 'vitest';
import { freshPrefix, openPeer, type Peer, queueState, takeOne } from '../support/broker.js';
import { type ForeignEnd, needing, startTool } from './fixtures/foreign-program.js';

const { skipped, heading } = needing('amqp-tools');

const run = (name: string, ...words: string[]): Promise<ForeignEnd> => startTool(name, words).ended;
/** What `amqp-get` ends with when the queue is empty. */
const EMPTY = 2;

describe.skipIf(skipped)(heading, () => {
  it('declare, publish, get and delete a queue', async () => {
    const queue = `${freshPrefix()}tools`;
    expect(await run('amqp-declare-queue', '-d', '-q', queue)).toEqual({ code: 0, stdout: `${queue}\n`, stderr: '' });
    for (const body of ['one', 'two', 'three']) {
      expect(await run('amqp-publish', '-r', queue, '-b', body)).toMatchObject({ code: 0, stderr: '' });
    }
    expect(await run('amqp-get', '-q', queue)).toEqual({ code: 0, stdout: 'one', stderr: '' });
    expect(await run('amqp-delete-queue', '-q', queue)).toEqual({ code: 0, stdout: '2\n', stderr: '' });
    expect(await run('amqp-get', '-q', queue)).toMatchObject({ code: 1, stderr: expect.stringContaining('404') });
  });

  it('get from an empty queue tells so, and a name that the broker gives is of its kind', async () => {
    await using peer = await openPeer();
    const { code, stdout } = await run('amqp-declare-queue', '-q', '');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^amq\.gen-[\w-]{22}\n$/);
    const queue = stdout.trim();
    expect(await run('amqp-get', '-q', queue)).toMatchObject({ code: EMPTY, stdout: '' });
    await peer.channel.deleteQueue(queue);
  });

  it('publish sets properties and headers, and takes bodies from its input, a line each', async () => {
    await using peer = await openPeer();
    const { queue } = await peer.channel.assertQueue('', { exclusive: true });
    const properties = ['-p', '-C', 'text/plain', '-E', 'utf-8', '-t', 'replies', '-H', 'colour: red', '-b', 'x'];
    await run('amqp-publish', '-r', queue, ...properties);
    expect((await takeOne(peer, queue))?.properties).toMatchObject({
      deliveryMode: 2,
      contentType: 'text/plain',
      contentEncoding: 'utf-8',
      replyTo: 'replies',
      headers: { colour: 'red' },
    });
    await startTool('amqp-publish', ['-l', '-r', queue], 'first\nsecond\n').ended;
    expect([await bodyOf(peer, queue), await bodyOf(peer, queue)]).toEqual(['first\n', 'second\n']);
  });

  it('consume runs its command for every message, and ends after as many as asked for', async () => {
    await using peer = await openPeer();
    const { queue } = await peer.channel.assertQueue(`${freshPrefix()}consumed`);
    for (const body of ['a', 'b', 'c']) peer.channel.sendToQueue(queue, Buffer.from(body));
    const consumer = await run('amqp-consume', '-q', queue, '-c', '2', '-p', '1', 'cat');
    expect(consumer).toMatchObject({ code: 0, stdout: 'ab' });
    await untilUnconsumed(peer, queue);
    expect(await bodyOf(peer, queue)).toBe('c');
    await peer.channel.deleteQueue(queue);
  });

  it('consume binds a queue of its own to an exchange', async () => {
    await using peer = await openPeer();
    const prefix = freshPrefix();
    const options = ['-e', 'amq.topic', '-r', `${prefix}*`, '-c', '1', 'cat'];
    await using consumer = startTool('amqp-consume', options);
    const [, queue = ''] = await consumer.complaint(/queue name: (amq\.gen-\S+)/);
    while ((await queueState(peer, queue))?.consumers !== 1);
    await run('amqp-publish', '-e', 'amq.topic', '-r', `${prefix}key`, '-b', 'bound');
    expect(await consumer.ended).toMatchObject({ code: 0, stdout: 'bound' });
  });
});

async function bodyOf(peer: Peer, queue: string): Promise<string | undefined> {
  return (await takeOne(peer, queue))?.content.toString();
}

/** Resolves when the broker has seen the end of the queue's only consumer; AMQP has no event for that. */
async function untilUnconsumed(peer: Peer, queue: string): Promise<void> {
  while ((await queueState(peer, queue))?.consumers !== 0);
}
