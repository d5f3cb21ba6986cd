/** The CC and BCC headers: more routing keys for one message. */
import type { Channel, Message } from 'amqplib';
import { expect, it } from 'vitest';
import { openScene } from './support/scene.js';
import { takeMessage } from './support/take-message.js';

it('a message goes to the queues of its key and of CC and BCC, once to each', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('direct');
  const [one, two, three] = [await scene.queue(), await scene.queue(), await scene.queue()];
  await scene.channel.bindQueue(one, exchange, 'key');
  await scene.channel.bindQueue(two, exchange, 'cc');
  await scene.channel.bindQueue(three, exchange, 'bcc');
  await scene.channel.bindQueue(three, exchange, 'cc');
  scene.channel.publish(exchange, 'key', Buffer.from('x'), { CC: ['cc', 'none'], BCC: ['bcc', 'key'] });
  for (const queue of [one, two, three]) expect(await scene.bodies(queue)).toEqual(['x']);
});

it('they work on the default exchange, by queue name', async () => {
  await using scene = await openScene();
  const [one, two] = [await scene.queue(), await scene.queue()];
  scene.send(one, ['x'], { CC: [two] });
  scene.send(scene.name('none'), ['y'], { BCC: [two] });
  expect(await scene.bodies(one)).toEqual(['x']);
  expect(await scene.bodies(two)).toEqual(['x', 'y']);
});

it('they work on a topic exchange, each matched by the patterns', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('topic');
  const queue = await scene.queue();
  await scene.channel.bindQueue(queue, exchange, 'a.*');
  scene.channel.publish(exchange, 'b', Buffer.from('x'), { CC: ['c', 'a.b'] });
  expect(await scene.bodies(queue)).toEqual(['x']);
});

it('every receiver sees the key and CC, and nobody BCC', async () => {
  await using scene = await openScene();
  const [one, two, three] = [await scene.queue(), await scene.queue(), await scene.queue()];
  scene.send(one, ['x'], { CC: [two], BCC: [three], headers: { mine: 1 } });
  for (const queue of [one, two, three]) {
    const message = await takeMessage(scene.channel, queue, { noAck: true });
    expect(message.properties.headers).toEqual({ mine: 1, CC: [two] });
    expect(message.fields.routingKey).toBe(one);
  }
});

it('a mandatory message comes back when no key leads anywhere, without its BCC', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('direct');
  const queue = await scene.queue();
  await scene.channel.bindQueue(queue, exchange, 'bcc');
  const channel = await scene.connection.createConfirmChannel();
  const returned: string[] = [];
  channel.on('return', ({ content, properties }: Message) => {
    returned.push(`${content} ${Object.keys(properties.headers ?? {})}`);
  });
  channel.publish(exchange, 'none', Buffer.from('taken'), { mandatory: true, BCC: ['bcc'] });
  channel.publish(exchange, 'none', Buffer.from('comes back'), { mandatory: true, CC: ['no'], BCC: ['nor this'] });
  await channel.waitForConfirms();
  expect(returned).toEqual(['comes back CC']);
});

it('keys that are no strings are passed over', async () => {
  await using scene = await openScene();
  const queue = await scene.queue();
  scene.send(scene.name('none'), ['x'], { headers: { CC: [5, null, queue] } });
  expect(await scene.bodies(queue)).toEqual(['x']);
});

it('an empty list is fine', async () => {
  await using scene = await openScene();
  const queue = await scene.queue();
  scene.send(queue, ['x'], { headers: { CC: [], BCC: [] } });
  expect(await scene.bodies(queue)).toEqual(['x']);
});

const WRONG: readonly (readonly [header: string, value: unknown, type: string])[] = [
  ['CC', 'text', 'longstr'],
  ['CC', 5, 'byte'],
  ['BCC', 'text', 'longstr'],
  ['BCC', null, 'void'],
];

it.each(WRONG)('%s: %j is refused', async (header, value, type) => {
  await using scene = await openScene();
  const queue = await scene.queue();
  const publish = (channel: Channel) => channel.sendToQueue(queue, Buffer.from('x'), { headers: { [header]: value } });
  expect(await scene.refusal(publish)).toBe(
    `channel 406 basic.publish: PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"${header}",${type}}`,
  );
});
