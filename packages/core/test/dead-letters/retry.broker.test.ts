import { createApp, type DeadLetterProgress } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { brokerUrl, takeAll } from '../../../../test/support/broker.js';
import { type DeadScene, openDeadScene, QUEUE_TYPES, silentLogger, upTo } from './dead-queue.js';

const bodiesOf = (numbers: readonly number[]) => numbers.map((number) => `[[${number}],{},{}]`);

async function buried(scene: DeadScene, count: number): Promise<void> {
  await scene.declare();
  await scene.bury(upTo(count));
}

describe.each(QUEUE_TYPES)('putting dead letters back (%s)', (type) => {
  it('brings each to the queue that it came from, once and in order, to start anew', async () => {
    await using scene = await openDeadScene(type);
    await scene.declare();
    const late = { eta: '2026-01-01T00:00:00.000Z', expires: '2026-01-01T00:00:01.000Z', retries: 3 };
    const past = { 'tq-errors': [], 'tq-lost': 2, 'tq-redeliveries': 1, 'x-death': [], ...late };
    await scene.bury(upTo(60), { headers: { ...past, own: 'x', root_id: 'r' }, priority: 4, replyTo: 'caller' });
    const report = await scene.app.deadLetters.retry();
    expect(report).toEqual({ matched: 60, moved: 60, returned: 0, skipped: 0, aborted: false });
    const messages = await takeAll(scene.peer, `${scene.prefix}tq`);
    expect(messages.map(({ content }) => content.toString())).toEqual(bodiesOf(upTo(60)));
    const { 'x-delivery-count': _, ...headers } = messages[7]?.properties.headers ?? {};
    expect(headers).toEqual({ task: 'work', id: 'id-7', own: 'x', root_id: 'r', retries: 0 });
    expect(messages[7]?.properties).toMatchObject({ priority: 4, replyTo: 'caller', contentType: 'application/json' });
    await scene.ready('tq.dead', 0);
  });

  it('leaves what does not fit the filter, in its order', async () => {
    await using scene = await openDeadScene(type);
    await scene.declare();
    for (const number of upTo(100)) {
      await scene.bury([number], { headers: { task: number % 2 === 0 ? 'even' : 'odd' } });
    }
    expect(await scene.app.deadLetters.retry({ task: 'odd', limit: 40 })).toMatchObject({ matched: 40, moved: 40 });
    const odd = upTo(100).filter((number) => number % 2 === 1);
    expect(await scene.drain('tq')).toEqual(bodiesOf(odd.slice(0, 40)));
    const left = upTo(100).filter((number) => number % 2 === 0 || number > 80);
    await scene.ready('tq.dead', left.length);
    expect(await scene.drain('tq.dead')).toEqual(bodiesOf(left));
  });

  it('does not take again what fails again meanwhile', async () => {
    await using scene = await openDeadScene(type);
    await buried(scene, 40);
    const { channel } = scene.peer;
    await channel.consume(`${scene.prefix}tq`, (message) => {
      if (message === null) return;
      const headers = { ...message.properties.headers, 'tq-dead-reason': 'failed' };
      channel.publish(`${scene.prefix}tq.dead`, `${scene.prefix}tq`, message.content, {
        ...message.properties,
        headers,
      });
      channel.ack(message);
    });
    expect(await scene.app.deadLetters.retry()).toMatchObject({ matched: 40, moved: 40 });
    await scene.ready('tq.dead', 40);
    expect((await scene.drain('tq.dead')).sort()).toEqual(bodiesOf(upTo(40)).sort());
  });

  it('throws away what fits the filter, and keeps the rest in its order', async () => {
    await using scene = await openDeadScene(type);
    await scene.declare();
    for (const number of upTo(300)) {
      await scene.bury([number], { headers: { task: number % 2 === 0 ? 'even' : 'odd' } });
    }
    const { deadLetters } = scene.app;
    expect(await deadLetters.purge({ task: 'odd' }, { dryRun: true })).toEqual({
      ...{ matched: 150, purged: 0, aborted: false },
    });
    expect(await deadLetters.purge({ task: 'odd' })).toEqual({ matched: 150, purged: 150, aborted: false });
    await scene.ready('tq.dead', 150);
    expect(await scene.drain('tq.dead')).toEqual(bodiesOf(upTo(300).filter((number) => number % 2 === 0)));
  });
});

describe('putting dead letters back', () => {
  it('declares a queue that is gone, and finds that of a delayed message in its key', async () => {
    await using scene = await openDeadScene('classic');
    await buried(scene, 2);
    await scene.peer.channel.deleteQueue(`${scene.prefix}tq`);
    const lost = `${'0.'.repeat(27)}1.${scene.prefix}gone`;
    scene.peer.channel.publish(`${scene.prefix}tq.delay.v1.deliver`, lost, Buffer.from('late'));
    await scene.ready('tq.delay.dead', 1);
    expect(await scene.app.deadLetters.retry()).toMatchObject({ matched: 3, moved: 3 });
    expect(await scene.drain('tq')).toEqual(bodiesOf([0, 1]));
    expect(await scene.drain('gone')).toEqual(['late']);
  });

  it('leaves a delayed call of an exchange until its queue is there again, which only a call can declare', async () => {
    await using scene = await openDeadScene('classic');
    await scene.declare();
    const { channel } = scene.peer;
    const queue = `${scene.prefix}tq.delay.v1.to.0123`;
    channel.publish(`${scene.prefix}tq.delay.v1.deliver`, `${'0.'.repeat(27)}1.${queue}`, Buffer.from('late'));
    await scene.ready('tq.delay.dead', 1);
    expect(await scene.app.deadLetters.retry()).toMatchObject({ matched: 1, moved: 0, skipped: 1 });
    await channel.assertQueue(queue);
    expect(await scene.app.deadLetters.retry()).toMatchObject({ matched: 1, moved: 1 });
    expect(await scene.drain('tq.delay.v1.to.0123')).toEqual(['late']);
  });

  it('moves nothing into a queue that is deleted in that moment, declares it again and goes on', async () => {
    await using scene = await openDeadScene('classic');
    await buried(scene, 3);
    const edit = async ({ id }: { id: string | undefined }) => {
      if (id === 'id-1' && asked++ === 0) await scene.peer.channel.deleteQueue(`${scene.prefix}tq`);
      return undefined;
    };
    let asked = 0;
    const report = await scene.app.deadLetters.retry({}, { edit });
    expect(report).toEqual({ matched: 3, moved: 3, returned: 0, skipped: 0, aborted: false });
    expect(asked).toBe(2);
    // The first one went with the queue.
    expect(await scene.drain('tq')).toEqual(bodiesOf([1, 2]));
    await scene.ready('tq.dead', 0);
  });

  it('leaves with the dead letters what a full queue does not take, says so, and keeps what they say', async () => {
    await using scene = await openDeadScene('classic');
    const { channel } = scene.peer;
    const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    await channel.assertQueue(`${scene.prefix}full`, { durable: true, arguments: full });
    await scene.declare();
    await scene.bury([0, 1, 2]);
    await channel.assertQueue(`${scene.prefix}full.dead`, { durable: true });
    await channel.bindQueue(`${scene.prefix}full.dead`, `${scene.prefix}tq.dead`, `${scene.prefix}full`);
    await scene.bury([3, 4, 5], { queue: 'full' });
    await scene.ready('full.dead', 3);
    const retrying = scene.app.deadLetters.retry({ queues: ['full', 'tq'] });
    await expect(retrying).rejects.toMatchObject({
      ...{ code: 'publish-nacked', fields: { queue: `${scene.prefix}full` } },
    });
    await scene.ready('full.dead', 2);
    expect(await scene.drain('full')).toEqual(bodiesOf([3]));
    expect(await scene.app.deadLetters.show('id-4', { queues: ['full'] })).toMatchObject({
      ...{ queue: 'full', reason: 'failed', worker: 'w1' },
    });
    expect((await scene.drain('full.dead')).sort()).toEqual(bodiesOf([4, 5]));
  });

  it('leaves where it is what has larger headers than can be sent', async () => {
    await using scene = await openDeadScene('classic');
    await scene.declare();
    // Read as numbers, and written with twice as many bytes.
    const floats = Array.from({ length: 8_000 }, () => ({ '!': 'float', value: 0.5 }));
    await scene.bury([0], { headers: { floats } });
    await scene.bury([1]);
    expect(await scene.app.deadLetters.retry()).toMatchObject({ matched: 2, moved: 1, skipped: 1 });
    await scene.ready('tq.dead', 1);
    expect(await scene.drain('tq')).toEqual(bodiesOf([1]));
  });

  it('lets others look while a slow rate lets the next one wait', async () => {
    await using scene = await openDeadScene('classic');
    await buried(scene, 2);
    await using other = createApp({ url: brokerUrl(), prefix: scene.prefix, logger: silentLogger });
    const abort = new AbortController();
    let looked: Promise<unknown> | undefined;
    const onProgress = () => {
      looked = other.deadLetters.show('id-1').finally(() => abort.abort());
    };
    const report = await scene.app.deadLetters.retry({}, { rate: 1 / 3_600, signal: abort.signal, onProgress });
    expect(report).toMatchObject({ matched: 2, moved: 1, aborted: true });
    expect(await looked).toMatchObject({ id: 'id-1' });
  });

  it('sends a foreign message as it was, byte for byte', async () => {
    await using scene = await openDeadScene('classic');
    await scene.declare();
    const { channel } = scene.peer;
    const body = Buffer.from([0, 255, 254, 1]);
    const properties = { contentType: 'application/x-pickle', messageId: 'm', type: 't', appId: 'a', timestamp: 7 };
    const headers = { expires: 'never', retries: 'x', table: { list: [1, null] }, big: 'x'.repeat(20_000) };
    channel.sendToQueue(`${scene.prefix}tq`, body, { ...properties, headers, expiration: '1' });
    await scene.ready('tq.dead', 1);
    expect(await scene.app.deadLetters.show('m')).toMatchObject({
      ...{ queue: 'tq', task: undefined, reason: 'expired', argsText: undefined, size: 4, attempt: undefined },
    });
    expect(await scene.app.deadLetters.retry({ id: 'm' })).toMatchObject({ moved: 1 });
    const [message] = await takeAll(scene.peer, `${scene.prefix}tq`);
    expect(message?.content).toEqual(body);
    expect(message?.properties).toMatchObject({ ...properties, headers, expiration: undefined });
    expect(Object.keys(message?.properties.headers ?? {}).sort()).toEqual(Object.keys(headers).sort());
  });

  it('calls with other arguments, checked by the schema of the task', async () => {
    await using scene = await openDeadScene('classic');
    const args = numbersSchema();
    scene.app.task('work', (_: number) => 1, { args });
    await scene.declare();
    await scene.bury([0, 1, 2, 3]);
    const refused: unknown[] = [];
    const { deadLetters } = scene.app;
    const report = await deadLetters.retry(
      {},
      {
        edit: async ({ id, argsText }, check) => {
          if (id === 'id-0') return { args: [100] };
          if (id === 'id-1') return { argsText: '[ 12345678901234567890 ]' };
          if (id === 'id-2') return 'skip';
          for (const wrong of ['["x"]', '{}', '[']) {
            await check({ argsText: wrong }).catch((error) => refused.push([error.code, error.message]));
          }
          expect(argsText).toBe('[3]');
          return undefined;
        },
      },
    );
    expect(report).toEqual({ matched: 4, moved: 3, returned: 0, skipped: 1, aborted: false });
    expect(await scene.drain('tq')).toEqual(['[[100],{},{}]', '[[ 12345678901234567890 ],{},{}]', '[[3],{},{}]']);
    expect(refused).toEqual([
      ['invalid-args', expect.stringContaining("the schema of task 'work'")],
      ['invalid-args', expect.stringContaining('as a list')],
      ['invalid-args', expect.stringContaining('does not parse')],
    ]);
    await scene.ready('tq.dead', 1);
    const wrong = deadLetters.retry({}, { edit: () => ({ args: ['x'] }) });
    await expect(wrong).rejects.toMatchObject({ code: 'invalid-args' });
    await scene.ready('tq.dead', 1);
  });

  it('counts and moves nothing when asked to, and tells how far it is', async () => {
    await using scene = await openDeadScene('classic');
    await buried(scene, 3);
    const { deadLetters } = scene.app;
    expect(await deadLetters.retry({}, { dryRun: true })).toMatchObject({ matched: 3, moved: 0 });
    await scene.ready('tq.dead', 3);
    const seen: DeadLetterProgress[] = [];
    await deadLetters.retry({}, { onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ queue, id, matched, moved }) => [queue, id, matched, moved])).toEqual([
      ['tq', 'id-0', 3, 1],
      ['tq', 'id-1', 3, 2],
      ['tq', 'id-2', 3, 3],
    ]);
  });

  it('ends after the message in hand when it is aborted', async () => {
    await using scene = await openDeadScene('classic');
    await buried(scene, 10);
    const abort = new AbortController();
    const { signal } = abort;
    const onProgress = ({ moved }: DeadLetterProgress) => {
      if (moved === 4) abort.abort();
    };
    const report = await scene.app.deadLetters.retry({}, { signal, onProgress, rate: 1_000 });
    expect(report).toEqual({ matched: 10, moved: 4, returned: 0, skipped: 0, aborted: true });
    await scene.ready('tq.dead', 6);
    expect(await scene.drain('tq')).toEqual(bodiesOf(upTo(4)));
    expect(await scene.app.deadLetters.purge({}, { signal })).toEqual({ matched: 0, purged: 0, aborted: true });
  });

  it('moves all in order, though they are more than are kept at once', async () => {
    await using scene = await openDeadScene('classic');
    await scene.declare();
    const large = 'x'.repeat(5 * 1_024 * 1_024);
    for (const number of upTo(9)) {
      const body = Buffer.from(`${String(number).padStart(2, '0')}${large}`);
      scene.peer.channel.publish(`${scene.prefix}tq.dead`, `${scene.prefix}tq`, body);
    }
    await scene.ready('tq.dead', 9);
    expect(await scene.app.deadLetters.retry({ limit: 8 })).toMatchObject({ matched: 8, moved: 8 });
    const bodies = await scene.drain('tq');
    expect(bodies.map((body) => [Number(body.slice(0, 2)), body.length])).toEqual(
      upTo(8).map((number) => [number, large.length + 2]),
    );
    await scene.ready('tq.dead', 1);
  });

  it('moves one id once, however often it is there', async () => {
    await using scene = await openDeadScene('classic');
    await scene.declare();
    await scene.bury([1, 1, 2]);
    expect(await scene.app.deadLetters.retry()).toMatchObject({ matched: 3, moved: 2, skipped: 1 });
    expect(await scene.app.deadLetters.retry()).toMatchObject({ matched: 1, moved: 1 });
  });

  it('does nothing where there are no queues, and refuses what it does not know', async () => {
    await using scene = await openDeadScene('classic');
    const { deadLetters } = scene.app;
    expect(await deadLetters.retry()).toMatchObject({ matched: 0, moved: 0 });
    expect(await deadLetters.purge()).toMatchObject({ matched: 0, purged: 0 });
    await expect(deadLetters.retry({}, { rate: 0 })).rejects.toMatchObject({ code: 'invalid-option' });
    await expect(deadLetters.retry({}, { dryrun: true } as object)).rejects.toMatchObject({ code: 'unknown-option' });
  });
});

function numbersSchema() {
  const validate = (value: unknown) => {
    const list = value as readonly unknown[];
    return typeof list[0] === 'number'
      ? { value: list as [number] }
      : { issues: [{ message: 'no number', path: [0] }] };
  };
  const types = undefined as { input: [number]; output: [number] } | undefined;
  return { '~standard': { version: 1 as const, vendor: 'test', validate, types } };
}
