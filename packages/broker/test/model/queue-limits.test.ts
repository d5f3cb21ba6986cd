import { describe, expect, it } from 'vitest';
import { type Arguments, drain, Scene } from './scene.js';

const DEAD: Arguments = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };

function scene(queueArguments: Arguments) {
  const all = new Scene();
  const dead = all.queue('dead');
  const queue = all.queue('q', { arguments: queueArguments });
  const send = (...bodies: string[]) => bodies.map((body) => all.publish('', 'q', body));
  return { all, dead, queue, send };
}

describe('a full queue', () => {
  it('drops its oldest messages', () => {
    const { all, queue, send } = scene({ 'x-max-length': 2 });
    expect(send('a', 'b', 'c')).toEqual(['kept', 'kept', 'kept']);
    expect(drain(queue)).toEqual(['b', 'c']);
    expect(all.memory.used).toBe(0);
  });

  it('drops its oldest messages by the bytes of their bodies', () => {
    const { queue, send } = scene({ 'x-max-length-bytes': 5 });
    send('aa', 'bb', 'cc');
    expect(drain(queue)).toEqual(['bb', 'cc']);
    send('too large for it');
    expect(queue.messageCount).toBe(0);
  });

  it('drops those of the lowest place in line, whatever their priority', () => {
    const { all, queue } = scene({ 'x-max-length': 1, 'x-max-priority': 1 });
    all.publish('', 'q', 'high', { priority: 1 });
    all.publish('', 'q', 'low', { priority: 0 });
    expect(queue.messageCount).toBe(1);
  });

  it('sends what it drops to the dead-letter exchange', () => {
    const { dead, send } = scene({ ...DEAD, 'x-max-length': 1 });
    send('a', 'b', 'c');
    expect(drain(dead)).toEqual(['a', 'b']);
  });

  it('counts what is ready only, so that what comes back may drop something', () => {
    const { all, dead, queue, send } = scene({ ...DEAD, 'x-max-length': 1 });
    const taker = all.consume(queue, { prefetch: 2 });
    send('a', 'b', 'c');
    taker.hasRoom = false;
    taker.giveBack(['b']);
    expect([drain(dead), drain(queue)]).toEqual([['b'], ['c']]);
  });

  it('of length 0 takes what a consumer waits for, and nothing else', () => {
    const { all, queue, send } = scene({ 'x-max-length': 0 });
    send('unwanted');
    expect(queue.messageCount).toBe(0);
    const taker = all.consume(queue);
    send('wanted');
    expect(taker.bodies).toEqual(['wanted']);
  });

  it('refuses messages where it is told to', () => {
    const { all, dead, queue, send } = scene({ ...DEAD, 'x-max-length': 1, 'x-overflow': 'reject-publish' });
    expect(send('a', 'b')).toEqual(['kept', 'refused']);
    expect([drain(dead), drain(queue), all.memory.used]).toEqual([[], ['a'], 0]);
  });

  it('refuses messages and dead-letters them where it is told to', () => {
    const { dead, queue, send } = scene({ ...DEAD, 'x-max-length-bytes': 2, 'x-overflow': 'reject-publish-dlx' });
    expect(send('aa', 'b')).toEqual(['kept', 'refused']);
    expect([drain(dead), drain(queue)]).toEqual([['b'], ['aa']]);
  });
});

describe("full queues that are each other's dead-letter queues", () => {
  it('turn over all that they hold, and drop what has been in both', () => {
    const length = 20_000;
    const all = new Scene();
    const [here, there] = ['here', 'there'].map((name) =>
      all.queue(name, {
        arguments: {
          'x-max-length': length,
          'x-dead-letter-exchange': '',
          'x-dead-letter-routing-key': name === 'here' ? 'there' : 'here',
        },
      }),
    );
    for (const name of ['here', 'there']) {
      for (let index = 0; index < length; index++) all.publish('', name, `${name} ${index}`);
    }
    all.publish('', 'here', 'one more');
    expect([here?.messageCount, there?.messageCount]).toEqual([length, length]);
  });
});
