/** Chords of which only the messages are given, joined by workers. */
import { randomUUID } from 'node:crypto';
import type { Step } from '@tq/core/internal';
import { describe, expect, it } from 'vitest';
import { soaked } from '../faults/fixtures/scale.js';
import { queueState } from '../support/broker.js';
import { callOf } from '../support/chords.js';
import { startChordWorkers } from './fixtures/chord-workers.js';

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const members = (count: number, from = 0) => numbers(count).map((n) => callOf('member', [from + n]));
const group = (tasks: readonly Step[]): Step => ({ kind: 'group', id: randomUUID(), tasks });
const chain = (...tasks: readonly Step[]): Step => ({ kind: 'chain', tasks });
const chordOf = (header: readonly Step[], body: Step): Step => ({ kind: 'chord', id: randomUUID(), header, body });

/** At once: a soak has a thousand. */
const CHORDS = soaked(60, 1_000);
const LARGE = soaked(400, 1_000);

describe.each(['classic', 'quorum'] as const)('a chord whose tasks are in a %s queue', (queueType) => {
  it('calls its body once, with the results in the order of its header, and leaves no queue', async () => {
    await using chords = await startChordWorkers({ queueType });
    const body = callOf('listed');
    const { queue } = await chords.chord(members(20), body);
    expect(await chords.caller.reply(body.id)).toEqual({ id: body.id, status: 'SUCCESS', result: numbers(20) });
    await chords.gone([queue]);
    expect(chords.runs('listed')).toHaveLength(1);
    expect(chords.caller.replies).toHaveLength(21);
  });

  it(`is joined once among ${CHORDS} at a time that two workers race to join`, async () => {
    await using chords = await startChordWorkers({ queueType });
    const bodies = numbers(CHORDS).map(() => callOf('listed'));
    const sent = await Promise.all(bodies.map((body, n) => chords.chord(members(5, 5 * n), body)));
    const replies = await Promise.all(bodies.map(({ id }) => chords.caller.reply(id)));
    expect(replies.map(({ result }) => result)).toEqual(numbers(CHORDS).map((n) => numbers(5).map((m) => 5 * n + m)));
    await chords.gone(sent.map(({ queue }) => queue));
    expect(chords.runs('listed')).toHaveLength(CHORDS);
  });
});

it(`a header of ${LARGE} tasks is joined`, async () => {
  await using chords = await startChordWorkers();
  const body = callOf('listed');
  const { queue } = await chords.chord(members(LARGE), body);
  expect((await chords.caller.reply(body.id)).result).toEqual(numbers(LARGE));
  await chords.gone([queue]);
  expect(chords.runs('listed')).toHaveLength(1);
});

it('what nests in a header nests in the list: groups, chains that end in groups, and chords in chords', async () => {
  await using chords = await startChordWorkers();
  const body = callOf('listed');
  const inner = chordOf(members(2, 10), callOf('listed'));
  const header = [
    callOf('member', [0]),
    group([callOf('member', [1]), group(members(2, 2))]),
    inner,
    chain(callOf('member', [20]), group([callOf('listed'), callOf('member', [21], { immutable: true })])),
    chordOf([inner, ...members(1, 30)], group([callOf('listed'), callOf('listed')])),
  ];
  const { queues } = await chords.chord(
    header.map((step) => withNewIds(step)),
    body,
  );
  const nested = [[10, 11], 30];
  expect((await chords.caller.reply(body.id)).result).toEqual([0, [1, [2, 3]], [10, 11], [20, 21], [nested, nested]]);
  await chords.gone(queues);
});

it('a member that ran twice counts once, by its first reply', async () => {
  await using chords = await startChordWorkers({ workers: 1 });
  await using others = await startChordWorkers({ workers: 1, prefix: chords.prefix, queue: 'other' });
  const body = callOf('listed');
  const elsewhere = { options: { queue: `${chords.prefix}other` } };
  const header = [callOf('member', [0]), callOf('held', [1]), callOf('held', [2], elsewhere)];
  const { queue } = await chords.chord(header, body);
  await chords.caller.reply(header[0]?.id as string);
  const again = { task_id: header[0]?.id, status: 'SUCCESS', result: 'second', traceback: null, children: [] };
  const properties = { persistent: true, headers: { group_index: 0 } };
  chords.peer.channel.sendToQueue(queue, Buffer.from(JSON.stringify(again)), properties);
  chords.peer.channel.sendToQueue(queue, Buffer.from('no reply'), properties);
  while ((await queueState(chords.peer, queue))?.messages !== 3);
  // Three are there already: whoever comes takes them, finds too few, and drops what is too many.
  chords.release(1);
  await chords.caller.reply(header[1]?.id as string);
  while ((await queueState(chords.peer, queue))?.messages !== 2);
  expect(chords.runs('listed')).toHaveLength(0);
  others.release(2);
  expect((await chords.caller.reply(body.id)).result).toEqual([0, 1, 2]);
  await chords.gone([queue]);
  expect([...chords.runs('listed'), ...others.runs('listed')]).toHaveLength(1);
});

it('members and a body that are tried again end as they do in the end', async () => {
  await using chords = await startChordWorkers({ workers: 1, concurrency: 1 });
  const body = callOf('flaky');
  const { queue } = await chords.chord([callOf('flaky', ['a']), callOf('member', ['b'])], body);
  expect(await chords.caller.reply(body.id)).toMatchObject({ status: 'SUCCESS', result: ['a', 'b'] });
  await chords.gone([queue]);
  expect(chords.runs('flaky').filter(({ args }) => Array.isArray(args[0]))).toHaveLength(3);
});

describe('a chord whose header fails', () => {
  it('tells whoever waits for the body which member failed and why, and calls the errback once', async () => {
    await using chords = await startChordWorkers();
    const errback = callOf('told', [], { options: { takesFailure: true } });
    const body = callOf('listed', [], { linkError: [errback] });
    const bad = callOf('bad', ['out of reach']);
    const { queue } = await chords.chord([callOf('member', [0]), bad, callOf('bad', ['too'])].slice(0, 2), body);
    const { status, result } = await chords.caller.reply(body.id);
    expect(status).toBe('FAILURE');
    expect(result).toMatchObject({
      exc_type: 'ChordError',
      exc_message: [`Task 'bad' (${bad.id}) of the chord's header failed: RangeError: out of reach`],
      cause: { exc_type: 'RangeError', exc_message: ['out of reach'] },
    });
    expect((await chords.caller.reply(errback.id)).result).toMatchObject({
      ...{ id: bad.id, task: 'bad' },
      error: { name: 'RangeError', message: 'out of reach' },
    });
    await chords.gone([queue]);
    expect(chords.runs('listed')).toEqual([]);
    expect(chords.runs('told')).toHaveLength(1);
  });

  it('is told once however many members failed', async () => {
    await using chords = await startChordWorkers();
    const errback = callOf('told', [], { options: { takesFailure: true } });
    const body = callOf('listed', [], { linkError: [errback] });
    const { queue } = await chords.chord(
      numbers(6).map((n) => callOf('bad', [`no ${n}`])),
      body,
    );
    await chords.caller.reply(errback.id);
    await chords.gone([queue]);
    expect(chords.runs('told')).toHaveLength(1);
    expect(chords.caller.replies.filter(({ id }) => id === body.id)).toHaveLength(1);
  });

  it('fails with a member that expired before it ran', async () => {
    await using chords = await startChordWorkers();
    const body = callOf('listed');
    const late = callOf('member', [1], { options: { expires: Date.now() - 1_000 } });
    const { queue } = await chords.chord([callOf('member', [0]), late], body);
    expect(await chords.caller.reply(late.id)).toMatchObject({ status: 'REVOKED' });
    const { status, result } = await chords.caller.reply(body.id);
    expect(status).toBe('FAILURE');
    expect(JSON.stringify(result)).toContain(late.id);
    await chords.gone([queue]);
  });

  it('fails the chords that its body is a member of, each in turn, and what follows them', async () => {
    await using chords = await startChordWorkers();
    const [innermost, inner, body] = [callOf('listed'), callOf('listed'), callOf('listed')];
    const nested = chordOf(
      [chordOf([callOf('bad', ['deep'])], innermost), ...members(2)],
      chain(callOf('listed'), inner),
    );
    const { queues } = await chords.chord([nested, ...members(2)], body);
    for (const { id } of [innermost, body]) {
      const { status, result } = await chords.caller.reply(id);
      expect(status).toBe('FAILURE');
      expect(JSON.stringify(result)).toContain('deep');
    }
    await chords.gone(queues);
    expect(chords.runs('listed')).toEqual([]);
  });

  it('fails with a body that is larger than a message may be', async () => {
    await using chords = await startChordWorkers({ maxMessageBytes: 2_000 });
    const body = callOf('listed');
    const { queue } = await chords.chord(
      numbers(3).map(() => callOf('member', ['x'.repeat(900)])),
      body,
    );
    expect(await chords.caller.reply(body.id)).toMatchObject({
      status: 'FAILURE',
      result: { code: 'message-too-large' },
    });
    await chords.gone([queue]);
  });
});

it('a chord whose caller is gone is joined all the same, and leaves no queue', async () => {
  await using chords = await startChordWorkers();
  const header = [callOf('held', [0]), callOf('held', [1])];
  const { queue } = await chords.chord(header, callOf('listed'));
  await chords.called('held', 2);
  await chords.peer.channel.deleteQueue(chords.caller.replyTo);
  chords.release(0);
  chords.release(1);
  await chords.called('listed', 1);
  await chords.gone([queue]);
});

it('members of a chord that nobody waits for any more are acknowledged, and said so', async () => {
  await using chords = await startChordWorkers({ workers: 1 });
  const header = [callOf('held', [0]), callOf('held', [1])];
  const { queue } = await chords.chord(header, callOf('listed'));
  await chords.called('held', 2);
  await chords.peer.channel.deleteQueue(queue);
  chords.release(0);
  chords.release(1);
  await Promise.all(header.map(({ id }) => chords.caller.reply(id)));
  await chords.said('the queue of a chord is gone');
  expect(chords.runs('listed')).toEqual([]);
});

/** The same steps under ids of their own, since a canvas has each once. */
function withNewIds(step: Step): Step {
  switch (step.kind) {
    case 'task':
      return { ...step, id: randomUUID() };
    case 'group':
    case 'chain':
      return { ...step, tasks: step.tasks.map((task) => withNewIds(task as Step)) };
    case 'chord':
      return {
        ...step,
        id: randomUUID(),
        header: step.header.map((task) => withNewIds(task as Step)),
        body: withNewIds(step.body as Step),
      };
  }
}
