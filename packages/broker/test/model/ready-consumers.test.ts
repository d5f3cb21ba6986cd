import { describe, expect, it } from 'vitest';
import { Consumer } from '../../src/model/consumer.js';
import { ReadyConsumers } from '../../src/model/ready-consumers.js';

function consumer(priority = 0): Consumer & { room: boolean } {
  const outlet = { hasRoom: () => made.room, deliver: () => undefined, cancelled: () => undefined };
  const made = Object.assign(new Consumer({ outlet, noAck: false, exclusive: false, priority, prefetch: 0 }), {
    room: true,
  });
  return made;
}

describe('the consumers whose turn may come', () => {
  it('are served in turn', () => {
    const ready = new ReadyConsumers();
    const [a, b] = [consumer(), consumer()];
    ready.add(a);
    ready.add(b);
    expect([ready.next(), ready.next(), ready.next()]).toEqual([a, b, a]);
  });

  it('are served by priority first', () => {
    const ready = new ReadyConsumers();
    const [low, high, higher] = [consumer(-1), consumer(5), consumer(5)];
    for (const one of [low, high, higher]) ready.add(one);
    expect([ready.next(), ready.next(), ready.next()]).toEqual([high, higher, high]);
    high.room = higher.room = false;
    expect(ready.next()).toBe(low);
  });

  it('wait when they have no room, until they are added again', () => {
    const ready = new ReadyConsumers();
    const only = consumer();
    ready.add(only);
    only.room = false;
    expect([ready.next(), only.state]).toEqual([undefined, 'waiting']);
    only.room = true;
    expect(ready.next()).toBeUndefined();
    ready.add(only);
    expect(ready.next()).toBe(only);
  });

  it('have one turn each, however often they are added', () => {
    const ready = new ReadyConsumers();
    const [a, b] = [consumer(), consumer()];
    for (const one of [a, a, b, a]) ready.add(one);
    expect([ready.next(), ready.next(), ready.next()]).toEqual([a, b, a]);
  });

  it('are not served any more, nor remembered, once they are gone', () => {
    const ready = new ReadyConsumers();
    const stays = consumer();
    ready.add(stays);
    for (let index = 0; index < 1_000; index++) {
      const passing = consumer(index % 10);
      ready.add(passing);
      ready.remove(passing);
      ready.add(passing);
    }
    expect(ready.size).toBeLessThan(10);
    expect([ready.next(), ready.next()]).toEqual([stays, stays]);
  });

  it('are forgotten with their priority when nobody of it is left', () => {
    const ready = new ReadyConsumers();
    const [waiting, gone] = [consumer(1), consumer(2)];
    for (const one of [waiting, gone]) ready.add(one);
    waiting.room = false;
    gone.room = false;
    expect(ready.next()).toBeUndefined();
    ready.remove(gone);
    waiting.room = true;
    ready.add(waiting);
    expect([ready.next(), ready.size]).toEqual([waiting, 1]);
  });
});
