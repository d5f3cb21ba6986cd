/** RabbitMQ's tutorials, written with pika: what a newcomer tries first with a broker. */
import { describe, expect, it } from 'vitest';
import { freshPrefix, openPeer, queueState } from '../support/broker.js';
import { needing, runPython, startPython, startReadyPython } from './fixtures/foreign-program.js';

const { skipped, heading } = needing('python3-pika');

describe.skipIf(skipped)(heading, () => {
  it('hello world: what one program sends another one receives', async () => {
    const queue = `${freshPrefix()}hello`;
    await using receiver = await startReadyPython('hello.py', 'receive', queue);
    await runPython('hello.py', 'send', queue, 'Grüße an die Welt');
    expect(await receiver.lines(2)).toEqual(['ready', 'Grüße an die Welt']);
    expect((await receiver.ended).code).toBe(0);
  });

  it('work queues: two workers share the work, and what a killed one held goes to the other', async () => {
    await using peer = await openPeer();
    const queue = `${freshPrefix()}work`;
    await using holder = await startReadyPython('work.py', 'hold', queue);
    await using taker = await startReadyPython('work.py', 'take', queue);
    await runPython('work.py', 'give', queue, 'a', 'b', 'c', 'd');
    // With a prefetch of 1 the one that acks nothing gets no second.
    const held = (await holder.lines(2)).slice(1);
    const taken = (await taker.lines(4)).slice(1);
    expect([...held, ...taken].sort()).toEqual(['a first 2', 'b first 2', 'c first 2', 'd first 2']);
    await holder.kill();
    expect((await taker.lines(5)).at(-1)).toBe(held[0]?.replace('first', 'again'));
    await taker.kill();
    expect(await peer.channel.deleteQueue(queue)).toMatchObject({ messageCount: 0 });
  });

  it('publish and subscribe: every subscriber of a fanout exchange gets every message, whatever its key', async () => {
    const exchange = `${freshPrefix()}logs`;
    const receive = () => startReadyPython('logs.py', 'receive', exchange, 'fanout', '2', '');
    await using first = await receive();
    await using second = await receive();
    await runPython('logs.py', 'emit', exchange, 'fanout', '', 'one');
    await runPython('logs.py', 'emit', exchange, 'fanout', 'any.key', 'two');
    for (const receiver of [first, second]) {
      expect(await receiver.lines(3)).toEqual(['ready', ' one', 'any.key two']);
      expect((await receiver.ended).code).toBe(0);
    }
  });

  it('routing: a direct exchange gives each message to who has bound its key', async () => {
    const exchange = `${freshPrefix()}direct`;
    await using errors = await startReadyPython('logs.py', 'receive', exchange, 'direct', '1', 'error');
    await using all = await startReadyPython('logs.py', 'receive', exchange, 'direct', '2', 'info', 'warning', 'error');
    for (const [key, text] of [
      ['debug', 'to nobody'],
      ['info', 'to one'],
      ['error', 'to both'],
    ] as const) {
      await runPython('logs.py', 'emit', exchange, 'direct', key, text);
    }
    expect(await errors.lines(2)).toEqual(['ready', 'error to both']);
    expect(await all.lines(3)).toEqual(['ready', 'info to one', 'error to both']);
  });

  it('topics: patterns of words, * for one and # for any number, and one copy for who matches twice', async () => {
    const exchange = `${freshPrefix()}topic`;
    const receive = (count: number, ...keys: string[]) =>
      startReadyPython('logs.py', 'receive', exchange, 'topic', String(count), ...keys);
    await using orange = await receive(2, '*.orange.*');
    await using lazy = await receive(2, '*.*.rabbit', 'lazy.#');
    await using everything = await receive(4, '#');
    for (const key of ['quick.orange.fox', 'lazy.orange.rabbit', 'lazy.pink.male.dog', 'orange']) {
      await runPython('logs.py', 'emit', exchange, 'topic', key, 'x');
    }
    expect((await orange.lines(3)).slice(1)).toEqual(['quick.orange.fox x', 'lazy.orange.rabbit x']);
    expect((await lazy.lines(3)).slice(1)).toEqual(['lazy.orange.rabbit x', 'lazy.pink.male.dog x']);
    expect((await everything.lines(5)).slice(1)).toHaveLength(4);
  });

  it.each([
    ['call', 'a queue of the caller'],
    ['ask', 'direct reply-to'],
  ])('remote calls: `%s` gets its answer through %s', async (role) => {
    const queue = `${freshPrefix()}rpc`;
    await using server = await startReadyPython('rpc.py', 'serve', queue);
    const calls = [10, 20].map((n) => runPython('rpc.py', role, queue, String(n)));
    expect(await Promise.all(calls)).toEqual([['55'], ['6765']]);
    await server.kill();
  });

  it('publisher confirms: what is confirmed is there, what nobody gets is returned, and a missing queue is 404', async () => {
    const queue = `${freshPrefix()}confirmed`;
    expect(await runPython('confirms.py', queue)).toEqual([
      '3',
      '312 NO_ROUTE lost',
      `404 NOT_FOUND - no queue '${queue}.gone' in vhost '/'`,
    ]);
  });

  it('a receiver that is killed leaves its queue to the broker, which deletes it', async () => {
    await using peer = await openPeer();
    const queue = `${freshPrefix()}hello`;
    await using receiver = startPython('hello.py', 'receive', queue);
    await receiver.lines(1);
    while ((await queueState(peer, queue))?.consumers !== 1);
    await receiver.kill();
    while ((await queueState(peer, queue)) !== undefined);
  });
});
