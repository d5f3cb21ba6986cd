import { failCall, PublishError } from '@tq/core/internal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixture, fixture, type PoolFixture, startAll } from './pool-fixture.js';

describe.each(['thread', 'process'] as const)('the begin of a canvas from inside a task of a %s', (kind) => {
  let pool: PoolFixture;
  beforeAll(async () => {
    pool = createFixture({ kind, slots: 1, modules: [fixture('calls.js')] });
    await startAll(pool.pool);
  });
  afterAll(() => pool.pool.stop(0));

  it('brings the queues of its chords along, and hears the replies to later steps', async () => {
    const { transport, value } = pool;
    transport.onSend = ({ listener, followers = [] }) => {
      listener.confirmed();
      for (const { taskId, listener: later } of followers) {
        later.replied({ status: 'STARTED', taskId });
        later.replied({ status: 'SUCCESS', taskId, value: 1 });
      }
    };
    const chords = [{ queue: 'tq.chord.g1', expiresMs: 1_000 }];
    expect(await value('begins', ['c1', ['next', 'last'], { chords }])).toEqual([
      ['next', 'STARTED'],
      ['next', 'SUCCESS'],
      ['last', 'STARTED'],
      ['last', 'SUCCESS'],
    ]);
    expect(transport.sent.at(-1)).toMatchObject({ chords, followers: [{ taskId: 'next' }, { taskId: 'last' }] });
  });

  it('fails for whoever waits for later steps', async () => {
    const { transport, value } = pool;
    transport.onSend = (call) => failCall(call, new PublishError('unroutable', 'No queue took it.'));
    expect(await value('begins', ['c2', ['next']])).toEqual([
      ['c2', 'unroutable'],
      ['next', 'unroutable'],
    ]);
    expect(await value('begins-aborted', ['c3', ['next']])).toEqual([
      ['c3', 'publish-aborted'],
      ['next', 'publish-aborted'],
    ]);
  });

  it('forgets one later step at a time', async () => {
    const { transport, value } = pool;
    transport.forgotten.length = 0;
    transport.onSend = ({ listener }) => listener.confirmed();
    transport.status = { messages: 0, consumers: 0, caughtUp: true };
    expect(await value('forgets-step', ['c4'])).toEqual(transport.status);
    expect(transport.forgotten).toEqual(['next']);
  });
});
