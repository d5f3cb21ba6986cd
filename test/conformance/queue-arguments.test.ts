/** Which arguments a queue takes, and how a declare that differs is refused. */
import { describe, expect, it } from 'vitest';
import { openScene } from './support/scene.js';

const typed = (type: string, value: unknown) => ({ '!': type, value });
const TEN_YEARS = 315_360_000_000;

const INVALID: readonly (readonly [argument: string, value: unknown, text: string])[] = [
  ['x-message-ttl', 'abc', '"expected integer, got longstr"'],
  ['x-message-ttl', -1, '{value_negative,-1}'],
  ['x-message-ttl', 1.5, '"expected integer, got double"'],
  ['x-message-ttl', true, '"expected integer, got bool"'],
  ['x-message-ttl', TEN_YEARS + 1, '{value_too_large,315360000001}'],
  ['x-expires', 0, '{value_zero,0}'],
  ['x-expires', -1, '{value_negative,-1}'],
  ['x-expires', TEN_YEARS + 1, '{value_too_large,315360000001}'],
  ['x-expires', '100', '"expected integer, got longstr"'],
  ['x-max-length', -1, '{value_negative,-1}'],
  ['x-max-length', '10', '"expected integer, got longstr"'],
  ['x-max-length-bytes', -5, '{value_negative,-5}'],
  ['x-max-length-bytes', typed('timestamp', 5), '"expected integer, got timestamp"'],
  ['x-max-priority', 256, '{max_value_exceeded,256}'],
  ['x-max-priority', -1, '{value_negative,-1}'],
  ['x-max-priority', '5', '"expected integer, got longstr"'],
  ['x-overflow', 'drop-tail', 'invalid_overflow'],
  ['x-overflow', 5, '{unacceptable_type,byte}'],
  ['x-dead-letter-routing-key', 'key', 'routing_key_but_no_dlx_defined'],
  ['x-dead-letter-routing-key', 5, '{unacceptable_type,byte}'],
  ['x-single-active-consumer', 'true', '{unacceptable_type,longstr}'],
  ['x-single-active-consumer', 1, '{unacceptable_type,byte}'],
  ['x-queue-type', 'fast', '"unsupported queue type \'fast\'"'],
  ['x-queue-type', 5, '{unacceptable_type,byte}'],
  ['x-queue-mode', 'eager', '"unsupported queue mode \'eager\'"'],
  ['x-queue-mode', true, '{unacceptable_type,bool}'],
  ['x-queue-version', 3, '"unsupported queue version \'3\'"'],
];

it.each(INVALID)('%s: %j is invalid', async (argument, value, text) => {
  await using scene = await openScene();
  const options = { exclusive: true, arguments: { [argument]: value } };
  expect(await scene.refusal((channel) => channel.assertQueue(scene.name('q'), options))).toBe(
    `channel 406 queue.declare: PRECONDITION_FAILED - invalid arg '${argument}' for queue 'q' in vhost '/': ${text}`,
  );
});

it('a dead-letter exchange that is no string is refused', async () => {
  await using scene = await openScene();
  const options = { exclusive: true, arguments: { 'x-dead-letter-exchange': 5 } };
  expect(await scene.refusal((channel) => channel.assertQueue(scene.name('q'), options))).toBe(
    "channel 406 queue.declare: PRECONDITION_FAILED - invalid type 'byte' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'",
  );
});

const OF_OTHER_TYPES = [
  ['x-delivery-limit', 5],
  ['x-dead-letter-strategy', 'at-most-once'],
  ['x-max-in-memory-length', 5],
  ['x-max-in-memory-bytes', 5],
  ['x-quorum-initial-group-size', 1],
  ['x-queue-leader-locator', 'client-local'],
  ['x-max-age', '1h'],
  ['x-stream-max-segment-size-bytes', 1000],
  ['x-initial-cluster-size', 1],
] as const;

it.each(OF_OTHER_TYPES)('%s is not for classic queues', async (argument, value) => {
  await using scene = await openScene();
  const options = { exclusive: true, arguments: { [argument]: value } };
  expect(await scene.refusal((channel) => channel.assertQueue(scene.name('q'), options))).toBe(
    `channel 406 queue.declare: PRECONDITION_FAILED - invalid arg '${argument}' for queue 'q' in vhost '/' of queue type rabbit_classic_queue`,
  );
});

const VALID: readonly (readonly [argument: string, value: unknown])[] = [
  ['x-message-ttl', 0],
  ['x-message-ttl', TEN_YEARS],
  ['x-message-ttl', typed('unsignedint', 60_000)],
  ['x-expires', TEN_YEARS],
  ['x-max-length', 0],
  ['x-max-length-bytes', 0],
  ['x-max-priority', 0],
  ['x-max-priority', 255],
  ['x-overflow', 'drop-head'],
  ['x-overflow', 'reject-publish'],
  ['x-overflow', 'reject-publish-dlx'],
  ['x-dead-letter-exchange', ''],
  ['x-single-active-consumer', false],
  ['x-queue-type', 'classic'],
  ['x-queue-mode', 'default'],
  ['x-queue-mode', 'lazy'],
  ['x-queue-version', 2],
  ['x-queue-master-locator', 'client-local'],
  ['x-unknown', 'anything'],
  ['unknown', { nested: [1, null, true] }],
];

it.each(VALID)('%s: %j is valid, and the same again is the same', async (argument, value) => {
  await using scene = await openScene();
  const queue = await scene.queue({ name: 'q', arguments: { [argument]: value } });
  scene.send(queue, ['x']);
  expect(await scene.queue({ name: 'q', arguments: { [argument]: value } })).toBe(queue);
});

describe('a declare again', () => {
  const DIFFERENT: readonly (readonly [argument: string, current: unknown, received: unknown, text: string])[] = [
    ['x-message-ttl', 1000, 2000, "received '2000' but current is '1000'"],
    ['x-message-ttl', 1000, undefined, "received none but current is the value '1000' of type 'short'"],
    ['x-message-ttl', undefined, 1000, "received the value '1000' of type 'short' but current is none"],
    ['x-expires', 60_000, 60_001, "received '60001' but current is '60000'"],
    ['x-max-length', 5, 6, "received '6' but current is '5'"],
    ['x-max-length', undefined, 5, "received the value '5' of type 'byte' but current is none"],
    ['x-max-length-bytes', 70_000, undefined, "received none but current is the value '70000' of type 'signedint'"],
    ['x-max-priority', undefined, 10, "received the value '10' of type 'byte' but current is none"],
    ['x-overflow', 'drop-head', 'reject-publish', "received 'reject-publish' but current is 'drop-head'"],
    ['x-overflow', undefined, 'drop-head', "received the value 'drop-head' of type 'longstr' but current is none"],
    ['x-dead-letter-exchange', 'one', 'two', "received 'two' but current is 'one'"],
    ['x-dead-letter-exchange', '', undefined, "received none but current is the value '' of type 'longstr'"],
    ['x-single-active-consumer', true, false, "received 'false' but current is 'true'"],
    ['x-single-active-consumer', undefined, true, "received the value 'true' of type 'bool' but current is none"],
    ['x-queue-mode', 'lazy', 'default', "received 'default' but current is 'lazy'"],
    ['x-queue-type', undefined, 'quorum', "received the value 'quorum' of type 'longstr' but current is none"],
    ['x-queue-type', 'classic', 'quorum', "received 'quorum' but current is 'classic'"],
  ];

  it.each(DIFFERENT)('with %s, once %j and now %j, is refused', async (argument, current, received, text) => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q', arguments: { [argument]: current } });
    const declare = { exclusive: true, arguments: { [argument]: received } };
    expect(await scene.refusal((channel) => channel.assertQueue(queue, declare))).toBe(
      `channel 406 queue.declare: PRECONDITION_FAILED - inequivalent arg '${argument}' for queue 'q' in vhost '/': ${text}`,
    );
  });

  it('with another dead-letter routing key is refused', async () => {
    await using scene = await openScene();
    const of = (key: string) => ({ 'x-dead-letter-exchange': 'dlx', 'x-dead-letter-routing-key': key });
    const queue = await scene.queue({ name: 'q', arguments: of('one') });
    const declare = { exclusive: true, arguments: of('two') };
    expect(await scene.refusal((channel) => channel.assertQueue(queue, declare))).toBe(
      "channel 406 queue.declare: PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-routing-key' for queue 'q' in vhost '/': received 'two' but current is 'one'",
    );
  });

  const TYPE_NAMES = [
    ['byte', 'byte'],
    ['unsignedbyte', 'unsignedbyte'],
    ['short', 'short'],
    ['unsignedshort', 'unsignedshort'],
    ['int', 'signedint'],
    ['unsignedint', 'unsignedint'],
    ['long', 'long'],
  ] as const;

  it.each(TYPE_NAMES)('names the type %s as %s in the refusal', async (type, named) => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q' });
    const declare = { exclusive: true, arguments: { 'x-max-length': typed(type, 5) } };
    expect(await scene.refusal((channel) => channel.assertQueue(queue, declare))).toContain(
      `received the value '5' of type '${named}' but current is none`,
    );
  });

  const EQUAL: readonly (readonly [argument: string, current: unknown, received: unknown])[] = [
    ['x-message-ttl', typed('int', 1000), typed('long', 1000)],
    ['x-max-length', typed('byte', 5), typed('unsignedshort', 5)],
    ['x-queue-type', undefined, 'classic'],
    ['x-queue-type', 'classic', undefined],
    ['x-unknown', 'one', 'two'],
    ['x-unknown', 'one', undefined],
    ['unknown', undefined, 1],
  ];

  it.each(EQUAL)('with %s, once %j and now %j, is accepted', async (argument, current, received) => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q', arguments: { [argument]: current } });
    expect(await scene.queue({ name: 'q', arguments: { [argument]: received } })).toBe(queue);
  });

  it('looks at exclusiveness, durability, auto-delete and the arguments in this order', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q', exclusive: false, durable: false });
    const all = { durable: true, autoDelete: true, arguments: { 'x-max-length': 5, 'x-message-ttl': 5 } };
    const declare = (options: object) => scene.refusal((channel) => channel.assertQueue(queue, options));
    expect(await declare({ ...all, exclusive: true })).toMatch(/^channel 405/);
    expect(await declare(all)).toContain("inequivalent arg 'durable'");
    expect(await declare({ ...all, durable: false })).toContain("inequivalent arg 'auto_delete'");
    expect(await declare({ ...all, durable: false, autoDelete: false })).toContain("inequivalent arg 'x-message-ttl'");
  });

  it('takes no notice of values that would be invalid for a new queue, only of their difference', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q' });
    const declare = { exclusive: true, arguments: { 'x-max-length': -1 } };
    expect(await scene.refusal((channel) => channel.assertQueue(queue, declare))).toBe(
      "channel 406 queue.declare: PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received the value '-1' of type 'byte' but current is none",
    );
  });
});
