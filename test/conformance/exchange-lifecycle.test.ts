/** How exchanges come to be, are looked up and go. */
import type { Channel } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { openScene, type Scene } from './support/scene.js';
import { declareExchange, declareExchangeNowait, deleteExchangeNowait } from './support/unlisted-methods.js';

/** Whether an exchange is there, by a passive declare. */
async function exists(scene: Scene, exchange: string): Promise<boolean> {
  return (await scene.refusal((channel) => channel.checkExchange(exchange))) === 'accepted';
}

describe('a declare', () => {
  it('repeats without effect when everything is the same', async () => {
    await using scene = await openScene();
    const options = { name: 'x', autoDelete: true, arguments: { 'alternate-exchange': 'none', other: 1 } };
    const exchange = await scene.exchange('topic', options);
    expect(await scene.exchange('topic', options)).toBe(exchange);
  });

  const DIFFERENT: readonly (readonly [
    what: string,
    declare: (channel: Channel, x: string) => unknown,
    text: string,
  ])[] = [
    [
      'another type',
      (channel, x) => channel.assertExchange(x, 'fanout', { durable: false }),
      "inequivalent arg 'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'direct'",
    ],
    [
      'another durability',
      (channel, x) => channel.assertExchange(x, 'direct', { durable: true }),
      "inequivalent arg 'durable' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      'auto-delete',
      (channel, x) => channel.assertExchange(x, 'direct', { durable: false, autoDelete: true }),
      "inequivalent arg 'auto_delete' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      'internal',
      (channel, x) => channel.assertExchange(x, 'direct', { durable: false, internal: true }),
      "inequivalent arg 'internal' for exchange 'x' in vhost '/': received 'true' but current is 'false'",
    ],
    [
      'an alternate exchange',
      (channel, x) => channel.assertExchange(x, 'direct', { durable: false, alternateExchange: 'other' }),
      "inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': received the value 'other' of type 'longstr' but current is none",
    ],
  ];

  it.each(DIFFERENT)('with %s is refused', async (_what, declare, text) => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct', { name: 'x' });
    expect(await scene.refusal((channel) => declare(channel, exchange))).toBe(
      `channel 406 exchange.declare: PRECONDITION_FAILED - ${text}`,
    );
  });

  it('with another argument that the exchange does not know is accepted', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct', { arguments: { some: 'thing' } });
    await scene.channel.assertExchange(exchange, 'direct', { durable: false });
  });

  it('of an unknown type closes the connection', async () => {
    await using scene = await openScene();
    const declare = (channel: Channel) => channel.assertExchange(scene.name('x'), 'no-such-type');
    expect(await scene.refusal(declare, 'elsewhere')).toBe(
      "connection 503 exchange.declare: COMMAND_INVALID - unknown exchange type 'no-such-type'",
    );
  });

  it('of an alternate exchange that is no string is refused', async () => {
    await using scene = await openScene();
    const declare = (channel: Channel) =>
      channel.assertExchange(scene.name('x'), 'direct', { arguments: { 'alternate-exchange': 5 } });
    expect(await scene.refusal(declare)).toBe(
      "channel 406 exchange.declare: PRECONDITION_FAILED - invalid type 'byte' for arg 'alternate-exchange' in exchange 'x' in vhost '/'",
    );
  });

  it('strips line breaks from the name', async () => {
    await using scene = await openScene();
    await scene.channel.assertExchange(scene.name('\r\nx\n'), 'direct', { durable: false, autoDelete: true });
    expect(await exists(scene, scene.name('x'))).toBe(true);
    await scene.channel.deleteExchange(scene.name('x'));
  });

  it('without a reply takes effect, and is refused as one with a reply', async () => {
    await using scene = await openScene();
    const exchange = scene.name('x');
    declareExchangeNowait(scene.channel, { exchange, type: 'fanout' });
    expect(await scene.exchange('fanout', { name: 'x' })).toBe(exchange);
    expect(await scene.refusal((channel) => declareExchangeNowait(channel, { exchange, type: 'topic' }))).toBe(
      "channel 406 exchange.declare: PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost '/': received 'topic' but current is 'fanout'",
    );
    deleteExchangeNowait(scene.channel, exchange);
    await scene.channel.checkExchange('amq.direct');
    expect(await exists(scene, exchange)).toBe(false);
  });
});

describe('a passive declare', () => {
  it('finds an exchange whatever the type, durability and arguments that come with it', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct');
    await scene.channel.checkExchange(exchange);
    await declareExchange(scene.channel, { exchange, passive: true, type: 'topic', durable: true, internal: true });
    await declareExchange(scene.channel, { exchange, passive: true, type: 'no-such-type' });
  });

  it('of what is not there is refused', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => channel.checkExchange(scene.name('x')))).toBe(
      "channel 404 exchange.declare: NOT_FOUND - no exchange 'x' in vhost '/'",
    );
  });
});

describe('the predeclared exchanges', () => {
  const PREDECLARED = [
    ['amq.direct', 'direct'],
    ['amq.fanout', 'fanout'],
    ['amq.topic', 'topic'],
    ['amq.headers', 'headers'],
    ['amq.match', 'headers'],
  ] as const;

  it.each(PREDECLARED)('%s is a durable %s exchange that cannot be deleted', async (exchange, type) => {
    await using scene = await openScene();
    await scene.channel.assertExchange(exchange, type, { durable: true });
    expect(await scene.refusal((channel) => channel.deleteExchange(exchange))).toBe(
      `channel 403 exchange.delete: ACCESS_REFUSED - deletion of system exchange '${exchange}' in vhost '/' not allowed`,
    );
    expect(await scene.refusal((channel) => channel.assertExchange(exchange, type, { durable: false }))).toBe(
      `channel 406 exchange.declare: PRECONDITION_FAILED - inequivalent arg 'durable' for exchange '${exchange}' in vhost '/': received 'false' but current is 'true'`,
    );
  });

  it.each(PREDECLARED)('%s routes as a %s exchange does', async (exchange, type) => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const key = scene.name('key');
    await scene.channel.bindQueue(queue, exchange, type === 'topic' ? `${key}.*` : key, { [key]: 1 });
    const headers = type === 'headers' ? { [key]: 1 } : {};
    scene.channel.publish(exchange, type === 'topic' ? `${key}.a` : key, Buffer.from(key), { headers });
    // Other tests may publish to amq.fanout meanwhile.
    expect((await scene.bodies(queue)).filter((body) => body === key)).toHaveLength(1);
  });

  it('other names that begin with amq. are reserved', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => channel.assertExchange('amq.tq-test', 'direct'))).toBe(
      "channel 403 exchange.declare: ACCESS_REFUSED - exchange name 'amq.tq-test' contains reserved prefix 'amq.*'",
    );
  });
});

describe('the default exchange', () => {
  const REFUSED: readonly (readonly [method: string, operation: (channel: Channel, queue: string) => unknown])[] = [
    ['exchange.declare', (channel) => channel.assertExchange('', 'direct')],
    ['exchange.declare', (channel) => channel.checkExchange('')],
    ['exchange.delete', (channel) => channel.deleteExchange('')],
    ['queue.bind', (channel, queue) => channel.bindQueue(queue, '', 'key')],
    ['queue.unbind', (channel, queue) => channel.unbindQueue(queue, '', queue)],
    ['exchange.bind', (channel) => channel.bindExchange('amq.direct', '', 'key')],
    ['exchange.bind', (channel) => channel.bindExchange('', 'amq.direct', 'key')],
    ['exchange.unbind', (channel) => channel.unbindExchange('amq.direct', '', 'key')],
  ];

  it.each(REFUSED)('refuses %s', async (method, operation) => {
    await using scene = await openScene();
    const queue = await scene.queue();
    expect(await scene.refusal((channel) => operation(channel, queue))).toBe(
      `channel 403 ${method}: ACCESS_REFUSED - operation not permitted on the default exchange`,
    );
  });
});

describe('an auto-delete exchange', () => {
  it('stays while it was never bound, and goes with its last binding', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct', { autoDelete: true });
    const [one, two] = [await scene.queue(), await scene.queue()];
    expect(await exists(scene, exchange)).toBe(true);
    await scene.channel.bindQueue(one, exchange, 'a');
    await scene.channel.bindQueue(two, exchange, 'a');
    await scene.channel.unbindQueue(one, exchange, 'a');
    expect(await exists(scene, exchange)).toBe(true);
    await scene.channel.unbindQueue(two, exchange, 'a');
    expect(await exists(scene, exchange)).toBe(false);
  });

  it('goes when its last queue is deleted', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct', { autoDelete: true });
    const queue = await scene.queue();
    await scene.channel.bindQueue(queue, exchange, 'a');
    await scene.channel.deleteQueue(queue);
    expect(await exists(scene, exchange)).toBe(false);
  });

  it('goes when the last exchange that it feeds is deleted, and not with those that feed it', async () => {
    await using scene = await openScene();
    const [source, middle, target] = [
      await scene.exchange('fanout'),
      await scene.exchange('fanout', { autoDelete: true }),
      await scene.exchange('fanout'),
    ];
    await scene.channel.bindExchange(middle, source, '');
    await scene.channel.bindExchange(target, middle, '');
    await scene.channel.deleteExchange(source);
    expect(await exists(scene, middle)).toBe(true);
    await scene.channel.deleteExchange(target);
    expect(await exists(scene, middle)).toBe(false);
  });
});

describe('a delete', () => {
  it('of an exchange that is not there is fine', async () => {
    await using scene = await openScene();
    await scene.channel.deleteExchange(scene.name('never-declared'));
  });

  it('with if-unused is refused while a queue or an exchange is bound to it', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct', { name: 'x' });
    const queue = await scene.queue();
    await scene.channel.bindQueue(queue, exchange, 'a');
    const deletion = () => scene.refusal((channel) => channel.deleteExchange(exchange, { ifUnused: true }));
    expect(await deletion()).toBe(
      "channel 406 exchange.delete: PRECONDITION_FAILED - exchange 'x' in vhost '/' in use",
    );
    await scene.channel.unbindQueue(queue, exchange, 'a');
    expect(await deletion()).toBe('accepted');
    expect(await exists(scene, exchange)).toBe(false);
  });

  it('takes the bindings along', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('fanout', { name: 'x' });
    const queue = await scene.queue();
    await scene.channel.bindQueue(queue, exchange, '');
    await scene.channel.deleteExchange(exchange);
    await scene.exchange('fanout', { name: 'x' });
    scene.channel.publish(exchange, '', Buffer.from('x'));
    expect(await scene.bodies(queue)).toEqual([]);
  });
});

describe('publishing', () => {
  it('to an exchange that is not there closes the channel', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => channel.publish(scene.name('x'), 'a', Buffer.from('x')))).toBe(
      "channel 404 basic.publish: NOT_FOUND - no exchange 'x' in vhost '/'",
    );
  });

  it('to an internal exchange is refused, though exchanges may feed it', async () => {
    await using scene = await openScene();
    const internal = await scene.exchange('fanout', { name: 'x', internal: true });
    const queue = await scene.queue();
    expect(await scene.refusal((channel) => channel.publish(internal, 'a', Buffer.from('x')))).toBe(
      "channel 403 basic.publish: ACCESS_REFUSED - cannot publish to internal exchange 'x' in vhost '/'",
    );
    const source = await scene.exchange('fanout');
    await scene.channel.bindExchange(internal, source, '');
    await scene.channel.bindQueue(queue, internal, '');
    scene.channel.publish(source, '', Buffer.from('through'));
    expect(await scene.bodies(queue)).toEqual(['through']);
  });
});
