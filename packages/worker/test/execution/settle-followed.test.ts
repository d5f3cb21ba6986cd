import { encodeRevocation } from '@tq/core/internal';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/execution/outcome.js';
import { type Published, settled } from '../fake-app.js';
import { AGAIN, DEAD, DONE, type SetupOptions, setup } from './settling.js';

/** A step of Celery's. */
const step = (task: string, options: object = {}) => ({
  task,
  args: [],
  kwargs: {},
  options: { task_id: task, ...options },
});
const body = (embed: object) => JSON.stringify([[30], {}, embed]);
/** The body of a chord of two members. */
const CHORD = { ...step('body', { link_error: [step('mend')] }), chord_size: 2 };
const member = (task: string, index: number) => step(task, { group_id: 'g1', group_index: index, chord: CHORD });

function setupFollowed(embed: object, { message, ...options }: SetupOptions = {}) {
  return setup({ ...options, message: { bodyText: body(embed), ...message } });
}

function at(published: readonly Published[], to: string): Published {
  const found = published.find((one) => one.to === to);
  if (found === undefined) throw new Error(`expected a publish to ${to}, found ${published.map((one) => one.to)}`);
  return found;
}

describe('a task that has succeeded', () => {
  it('is acked when its reply, its next step and its callbacks are confirmed, which go out together', async () => {
    const { log, published, settle } = setupFollowed({
      chain: [step('last'), step('next')],
      callbacks: [step('told')],
    });
    const settling = settle(DONE);
    await settled();
    expect(published.map(({ to }) => to)).toEqual(['/replies', '/math', '/math']);
    const [reply, next, told] = published as [Published, Published, Published];
    expect(next.headers).toMatchObject({ task: 'next', id: 'next', root_id: 'i1', parent_id: 'i1' });
    expect(JSON.parse(next.body)).toEqual([[832040], {}, { chain: [step('last')] }]);
    expect([told.headers.task, JSON.parse(told.body)]).toEqual(['told', [[832040], {}, {}]]);
    for (const one of [reply, told]) one.end('confirmed');
    await settled();
    expect(log).not.toContain('ack i1');
    next.end('confirmed');
    await settling;
    expect(log.at(-1)).toBe('ack i1');
  });

  it.each([0, 1])('is not acked when one of them was abandoned', async (index) => {
    const { log, published, settle } = setupFollowed({ chain: [step('next')] });
    const settling = settle(DONE);
    await settled();
    published.forEach(({ end }, other) => void end(other === index ? 'abandoned' : 'confirmed'));
    await settling;
    expect(log).not.toContain('ack i1');
  });

  it('sends what follows also where nobody waits for its own result', async () => {
    const { log, settle, publish, run } = setupFollowed({ chain: [step('next')] }, { message: { ignoreResult: true } });
    expect(run.publishes).toBe(true);
    const settling = settle(DONE, 'nobody');
    (await publish(0)).end('confirmed');
    await settling;
    expect(log).toEqual(['publish /math', 'confirmed /math', 'ack i1']);
  });

  it('reports to its chord and to its caller, and is acked once the chord was looked at', async () => {
    const { log, settle, publish } = setupFollowed({ chord: CHORD }, { message: { group: { id: 'g1', index: 1 } } });
    const settling = settle(DONE);
    const [joining, reply] = [await publish(0), await publish(1)];
    expect([joining.to, joining.headers]).toEqual(['/tq.chord.g1', { group_index: 1, task: 'fib' }]);
    expect([reply.to, reply.body]).toEqual(['/replies', joining.body]);
    for (const each of [joining, reply]) each.end('confirmed');
    await settling;
    expect(log.slice(-2)).toEqual(['joined g1 1', 'ack i1']);
  });

  it('reports to its chord alone where nobody waits for its result', async () => {
    const message = { group: { id: 'g1', index: 1 }, ignoreResult: true };
    const { settle, publish } = setupFollowed({ chord: CHORD }, { message });
    const settling = settle(DONE, 'nobody');
    const reply = await publish(0);
    expect([reply.to, reply.headers]).toEqual(['/tq.chord.g1', { group_index: 1, task: 'fib' }]);
    reply.end('confirmed');
    await settling;
  });

  it('reports to its chord though the queue of its caller is full', async () => {
    const { log, settle, publish, clock } = setupFollowed(
      { chord: CHORD },
      { message: { group: { id: 'g1', index: 1 } } },
    );
    const settling = settle(DONE);
    const joining = await publish(0);
    joining.end('confirmed');
    for (let refusal = 1; refusal <= 10; refusal++) {
      (await publish(refusal)).end('publish-nacked');
      await settled();
      clock.advance(5_000);
    }
    expect(joining.to).toBe('/tq.chord.g1');
    await settling;
    expect(log.at(-1)).toBe('ack i1');
  });

  it('declares the queue of a chord that comes next before its header is published', async () => {
    const header = { task: 'celery.group', kwargs: { tasks: [step('a'), step('b')] } };
    const chord = { task: 'celery.chord', kwargs: { header, body: step('body') }, options: { task_id: 'g2' } };
    const { log, settle, published } = setupFollowed({ chain: [chord] });
    const settling = settle(DONE, 'nobody');
    await settled();
    expect(log.slice(0, 3)).toEqual(['declare tq.chord.g2', 'publish /math', 'publish /math']);
    expect(published.map(({ headers }) => [headers.id, headers.group, headers.group_index])).toEqual([
      ['a', 'g2', 0],
      ['b', 'g2', 1],
    ]);
    for (const { end } of published) end('confirmed');
    await settling;
  });

  it('fails when what follows cannot be read', async () => {
    const { settle, published, givenUp } = setupFollowed({ chain: [{ task: 7 }] });
    const settling = settle(DONE);
    await settled();
    expect(published.map(({ to }) => to)).toEqual(['tq.dead/math', '/replies']);
    expect(at(published, '/replies').body).toContain('"FAILURE"');
    for (const { end } of published) end('confirmed');
    await settling;
    expect(givenUp).toEqual(['i1 of math: poison']);
  });

  it('fails when it is too large for its next step, and nothing has been published before', async () => {
    const errbacks = [step('mend')];
    const { settle, published, givenUp } = setupFollowed(
      { chain: [{ ...step('next'), args: ['x'.repeat(1_000)] }], errbacks },
      { maxMessageBytes: 1_000 },
    );
    const settling = settle(DONE);
    await settled();
    expect(published.map(({ to, headers }) => [to, headers.task])).toEqual([
      ['tq.dead/math', 'fib'],
      ['/replies', undefined],
      ['/math', 'mend'],
    ]);
    expect(JSON.parse(at(published, '/replies').body).result.code).toBe('message-too-large');
    for (const { end } of published) end('confirmed');
    await settling;
    expect(givenUp).toEqual(['i1 of math: failed']);
  });
});

describe('a step that cannot be sent', () => {
  const declare = (queue: string) =>
    queue === 'gone' ? Promise.reject(Object.assign(new Error('ACCESS_REFUSED'), { code: 403 })) : Promise.resolve();

  it('leaves a dead letter, is told of, and calls its errback', async () => {
    const next = step('next', { queue: 'gone', link_error: [step('mend')] });
    const { log, settle, published, runtime } = setupFollowed({ chain: [next] }, { declare });
    const settling = settle(DONE);
    await settled();
    at(published, '/replies').end('confirmed');
    at(published, '/gone').end('returned');
    await settled();
    const [, , ...after] = published;
    expect(after.map(({ to, headers }) => [to, headers.task])).toEqual([
      ['/replies', undefined],
      ['tq.dead/gone', 'next'],
      ['/math', 'mend'],
    ]);
    expect(JSON.parse(after[0]?.body ?? '')).toMatchObject({ task_id: 'next', result: { code: 'queue-missing' } });
    expect(after[1]?.headers).toMatchObject({ id: 'next', 'tq-dead-reason': 'no-queue' });
    expect(log).not.toContain('ack i1');
    for (const { end } of after) end('confirmed');
    await settling;
    expect(log.at(-1)).toBe('ack i1');
    expect(runtime.lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { id: 'next' } }]);
  });

  it('fails its chord, which is looked at', async () => {
    const { log, settle, published } = setupFollowed(
      { chain: [step('never'), { ...member('next', 0), options: { ...member('next', 0).options, queue: 'gone' } }] },
      { declare },
    );
    const settling = settle(DONE, 'nobody');
    await settled();
    at(published, '/gone').end('returned');
    await settled();
    at(published, 'tq.dead/gone').end('confirmed');
    const reply = at(published, '/tq.chord.g1');
    expect([reply.headers, JSON.parse(reply.body).task_id]).toEqual([{ group_index: 0, task: 'next' }, 'next']);
    for (const to of ['/tq.chord.g1', '/replies']) at(published, to).end('confirmed');
    await settling;
    expect(log.slice(-2)).toEqual(['joined g1 0', 'ack i1']);
  });
});

describe('a task that has failed for good', () => {
  it('calls its errbacks, and fails at their chord the members that can never come', async () => {
    const errbacks = [step('id'), step('whole', { 'tq-failure': true })];
    const { log, settle, published } = setupFollowed({ errbacks, chain: [member('last', 0), step('next')] });
    const settling = settle(DEAD);
    await settled();
    expect(published.map(({ to }) => to)).toEqual(['tq.dead/math', '/replies', '/math', '/math', '/tq.chord.g1']);
    const [, , id, whole, lost] = published;
    expect([lost?.headers, JSON.parse(lost?.body ?? '')]).toMatchObject([
      { group_index: 0, task: 'last' },
      { task_id: 'last', status: 'FAILURE' },
    ]);
    expect(JSON.parse(id?.body ?? '')[0]).toEqual(['i1']);
    expect(JSON.parse(whole?.body ?? '')[0]).toMatchObject([
      { id: 'i1', task: 'fib', queue: 'math', attempt: 1, reason: 'failed' },
    ]);
    for (const { end } of published) end('confirmed');
    await settling;
    expect(log.slice(-2)).toEqual(['joined g1 0', 'ack i1']);
  });

  it('calls no errback when it was ignored, and still fails at the chord what can never come', async () => {
    const ignored: Outcome = { kind: 'done', state: { status: 'REVOKED', failure: encodeRevocation('ignored') } };
    const { log, settle, published } = setupFollowed({ errbacks: [step('id')], chain: [member('last', 0)] });
    const settling = settle(ignored);
    await settled();
    expect(published.map(({ to }) => to)).toEqual(['/replies', '/tq.chord.g1']);
    for (const { end } of published) end('confirmed');
    await settling;
    expect(log.slice(-2)).toEqual(['joined g1 0', 'ack i1']);
  });

  it('calls nobody between its tries', async () => {
    const { settle, publish, log } = setupFollowed({ errbacks: [step('id')], chain: [step('next')] });
    const settling = settle(AGAIN);
    (await publish(0)).end('confirmed');
    await settling;
    expect(log).toEqual(['publish /math', 'confirmed /math', 'ack i1']);
  });

  it('tells the caller of the task that it is a part of the replacement of', async () => {
    const headers = { replaced_task_nesting: 1 };
    const end = step('end', { task_id: 'i0', reply_to: 'callers', headers });
    const { settle, published } = setupFollowed({ chain: [end] });
    const settling = settle(DEAD, 'nobody');
    await settled();
    expect(JSON.parse(at(published, '/callers').body)).toMatchObject({ task_id: 'i0', status: 'FAILURE' });
    for (const { end: confirm } of published) confirm('confirmed');
    await settling;
  });
});

describe('a task that is replaced', () => {
  it('publishes what runs in its place, which is that task to everybody, and tells nobody of an end', async () => {
    const embed = { chain: [step('next')], errbacks: [step('mend')], callbacks: [step('told')], chord: CHORD };
    const message = { group: { id: 'g1', index: 1 }, parentId: 'p1', rootId: 'r1' };
    const { log, settle, published } = setupFollowed(embed, { message });
    const settling = settle({ kind: 'replaced', stepText: JSON.stringify({ ...step('other'), args: [1] }) });
    await settled();
    expect(published.map(({ to }) => to)).toEqual(['/math']);
    const [other] = published;
    expect(other?.headers).toEqual({
      ...{ task: 'other', id: 'i1', root_id: 'r1', parent_id: 'p1' },
      ...{ group: 'g1', group_index: 1, replaced_task_nesting: 1 },
    });
    expect(other?.request.message.properties.replyTo).toBe('replies');
    expect(JSON.parse(other?.body ?? '')).toMatchObject([
      [1],
      {},
      {
        chain: [{ task: 'next' }],
        errbacks: [{ task: 'mend' }],
        callbacks: [{ task: 'told' }],
        chord: { chord_size: 2 },
      },
    ]);
    other?.end('confirmed');
    await settling;
    expect(log.at(-1)).toBe('ack i1');
  });

  it('by a chain is its last step; what fails before that calls its errbacks', async () => {
    const { settle, published } = setupFollowed({ errbacks: [step('mend')] });
    const chain = { task: 'celery.chain', kwargs: { tasks: [step('first'), step('last')] } };
    const settling = settle({ kind: 'replaced', stepText: JSON.stringify(chain) });
    await settled();
    const [first] = published;
    expect(first?.headers).toMatchObject({ id: 'first', ignore_result: true });
    expect(JSON.parse(first?.body ?? '')[2]).toMatchObject({
      chain: [{ task: 'last', options: { task_id: 'i1', reply_to: 'replies', headers: { replaced_task_nesting: 1 } } }],
      errbacks: [{ task: 'mend' }],
    });
    first?.end('confirmed');
    await settling;
  });

  it('by a group is the collector behind it', async () => {
    const { log, settle, published } = setupFollowed({});
    const group = { task: 'celery.group', kwargs: { tasks: [step('a'), step('b')] }, options: { task_id: 'g2' } };
    const settling = settle({ kind: 'replaced', stepText: JSON.stringify(group) });
    await settled();
    expect(log.slice(0, 3)).toEqual(['declare tq.chord.g2', 'publish /math', 'publish /math']);
    expect(JSON.parse(published[0]?.body ?? '')[2].chord).toMatchObject({
      ...{ task: 'celery.accumulate', kwargs: { index: 0 }, chord_size: 2 },
      options: { task_id: 'i1', reply_to: 'replies' },
    });
    for (const { end } of published) end('confirmed');
    await settling;
  });
});
