import { describe, expect, it } from 'vitest';
import { bodyOf } from './messages.js';
import { type Arguments, drain, Scene } from './scene.js';

const DEAD: Arguments = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };

/** Beyond what Node's timers take. */
const FIFTY_DAYS = 50 * 86_400_000;

function scene(queueArguments: Arguments = {}) {
  const all = new Scene();
  const dead = all.queue('dead');
  const queue = all.queue('q', { arguments: { ...DEAD, ...queueArguments } });
  const send = (body: string, expiration?: number) =>
    all.publish('', 'q', body, { expiration: expiration === undefined ? undefined : String(expiration) });
  return { all, dead, queue, send };
}

describe('a message that expires', () => {
  it('becomes a dead letter when its time is over, and not before', () => {
    const { all, dead, queue, send } = scene();
    send('a', 100);
    all.clock.advance(99);
    expect([queue.messageCount, dead.messageCount]).toEqual([1, 0]);
    all.clock.advance(1);
    expect([queue.messageCount, drain(dead)]).toEqual([0, ['a']]);
  });

  it('has the shorter of its own time and that of the queue', () => {
    const { all, dead, send } = scene({ 'x-message-ttl': 100 });
    send('queue', 1_000);
    send('own', 50);
    all.clock.advance(100);
    expect(drain(dead)).toEqual(['queue', 'own']);
  });

  it('waits behind one that lasts longer', () => {
    const { all, dead, queue, send } = scene();
    send('long', 1_000);
    send('short', 10);
    all.clock.advance(500);
    expect([queue.messageCount, dead.messageCount]).toEqual([2, 0]);
    all.clock.advance(500);
    expect(drain(dead)).toEqual(['long', 'short']);
  });

  it('waits behind one that lasts for ever, until that is taken', () => {
    const { all, dead, queue, send } = scene();
    send('lasting');
    send('short', 10);
    all.clock.advance(500);
    expect(queue.messageCount).toBe(2);
    const lasting = queue.get(true);
    all.clock.advance(0);
    expect([lasting && bodyOf(lasting.message), queue.messageCount, drain(dead)]).toEqual(['lasting', 0, ['short']]);
  });

  it('of time 0 is delivered where a consumer waits, and gone at once elsewhere', () => {
    const { all, dead, queue, send } = scene();
    send('unwanted', 0);
    expect([queue.messageCount, drain(dead)]).toEqual([0, ['unwanted']]);
    const taker = all.consume(queue);
    send('wanted', 0);
    expect([taker.bodies, dead.messageCount]).toEqual([['wanted'], 0]);
  });

  it('is never delivered, nor got, after its time, however late the timer comes', () => {
    const all = new Scene();
    const queue = all.queue('q');
    let wall = 0;
    all.clock.wall = () => wall;
    all.publish('', 'q', 'a', { expiration: '10' });
    all.publish('', 'q', 'b', { expiration: '30' });
    all.publish('', 'q', 'c', { expiration: '50' });
    wall = 20;
    expect(queue.get(true)?.position).toBe(1);
    wall = 60;
    expect(all.consume(queue).bodies).toEqual([]);
  });

  it('waits for other timers when it is one of very many', () => {
    const all = new Scene();
    const queue = all.queue('q', { arguments: { 'x-message-ttl': 10 } });
    for (let n = 0; n < 1_000; n++) all.publish('', 'q', 'a');
    let meanwhile = 0;
    all.clock.setTimer(() => {
      meanwhile = queue.messageCount;
    }, 10);
    all.clock.advance(10);
    expect([meanwhile > 0, meanwhile < 1_000, queue.messageCount]).toEqual([true, true, 0]);
  });

  it('does not while it is delivered; given back late, it has expired', () => {
    const { all, dead, queue, send } = scene();
    const taker = all.consume(queue);
    send('a', 100);
    all.clock.advance(500);
    expect(taker.bodies).toEqual(['a']);
    taker.hasRoom = false;
    taker.giveBack();
    expect([queue.messageCount, drain(dead)]).toEqual([0, ['a']]);
  });

  it('may do so after more days than a timer of Node takes', () => {
    const { all, dead, queue, send } = scene();
    send('a', FIFTY_DAYS);
    all.clock.advance(FIFTY_DAYS - 1);
    expect(queue.messageCount).toBe(1);
    all.clock.advance(1);
    expect(drain(dead)).toEqual(['a']);
  });

  it('needs one timer, however many there are', () => {
    const { all, send } = scene({ 'x-message-ttl': 100 });
    for (let index = 0; index < 100; index++) send('a');
    expect(all.clock.timerCount).toBe(1);
  });
});

describe('a queue that expires', () => {
  function idle() {
    const all = new Scene();
    const queue = all.queue('q', { arguments: { 'x-expires': 1_000 } });
    return { all, queue, isThere: () => all.vhost.queues.find('q') === queue };
  }

  it('goes when nobody used it for so long', () => {
    const { all, isThere } = idle();
    all.clock.advance(999);
    expect(isThere()).toBe(true);
    all.clock.advance(1);
    expect([isThere(), all.clock.timerCount]).toEqual([false, 0]);
  });

  it.each([
    ['basic.get', ({ queue }: ReturnType<typeof idle>) => queue.get(true)],
    ['a declaration', ({ all }: ReturnType<typeof idle>) => all.queue('q', { arguments: { 'x-expires': 1_000 } })],
    ['a consumer that leaves', ({ all, queue }: ReturnType<typeof idle>) => all.consume(queue).leave()],
  ])('stays for its time from %s on', (_use, use) => {
    const idling = idle();
    idling.all.clock.advance(600);
    use(idling);
    idling.all.clock.advance(999);
    expect(idling.isThere()).toBe(true);
    idling.all.clock.advance(1);
    expect(idling.isThere()).toBe(false);
  });

  it('is not used by messages that come', () => {
    const { all, isThere } = idle();
    all.clock.advance(600);
    all.publish('', 'q', 'a');
    all.clock.advance(400);
    expect([isThere(), all.memory.used]).toEqual([false, 0]);
  });

  it('stays as long as it has a consumer, and its time after that', () => {
    const { all, queue, isThere } = idle();
    const taker = all.consume(queue);
    all.clock.advance(10_500);
    taker.leave();
    all.clock.advance(999);
    expect(isThere()).toBe(true);
    all.clock.advance(1);
    expect(isThere()).toBe(false);
  });
});
