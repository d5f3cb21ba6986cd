import type { OutgoingCall } from '@tq/core/internal';
import { PublishError, TqError } from '@tq/core/internal';
import type { Pool } from '@tq/worker/internal';
import { afterEach, describe, expect, it } from 'vitest';
import { createFixture, fixture } from './pool-fixture.js';

const open: Pool[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.stop(0)));
});

async function startPool(kind: Pool['kind'], onSend: (call: OutgoingCall) => void, module = 'calls.js') {
  const created = createFixture({ kind, slots: 1, modules: [fixture(module)] });
  created.transport.onSend = onSend;
  open.push(created.pool);
  await created.pool.start();
  return created;
}

describe.each(['thread', 'process'] as const)('a call from inside a task of a %s', (kind) => {
  const start = (onSend: (call: OutgoingCall) => void = () => undefined) => startPool(kind, onSend);

  it("leaves through the worker's transport, and hears confirm and replies", async () => {
    const { transport, value } = await start(({ listener, envelope }) => {
      listener.confirmed();
      listener.replied({ status: 'STARTED', taskId: envelope.id });
      listener.replied({ status: 'SUCCESS', taskId: envelope.id, value: new Map([['a', 1]]).size });
    });
    expect(await value('calls', ['c1'])).toEqual([
      'confirmed',
      'STARTED',
      'SUCCESS',
      { status: 'SUCCESS', taskId: 'c1', value: 1 },
    ]);
    expect(transport.sent).toMatchObject([
      {
        envelope: { id: 'c1', task: 'other', parentId: 'p', priority: 3, bodyText: '[[],{},null]' },
        queue: 'math',
        publishTimeoutMs: 5000,
        signal: undefined,
      },
    ]);
  });

  it('keeps the time at which it may start', async () => {
    const { transport, value } = await start(({ listener, envelope }) =>
      listener.replied({ status: 'SUCCESS', taskId: envelope.id, value: 1 }),
    );
    await value('calls', ['c1', { eta: 1_785_585_600_000 }]);
    expect(transport.sent).toMatchObject([{ eta: 1_785_585_600_000 }]);
  });

  it('leaves before its task is over, though middleware holds it up and nobody awaits it', async () => {
    const { transport, value } = await startPool(kind, ({ listener }) => listener.confirmed(), 'slow-calls.js');
    expect(await value('leaves-a-call')).toBe('done');
    expect(transport.sent).toMatchObject([{ envelope: { id: 'left', task: 'other' } }]);
  });

  it('carries values that JSON does not know', async () => {
    const date = new Date(0);
    const { run } = await start(({ listener, envelope }) =>
      listener.replied({ status: 'SUCCESS', taskId: envelope.id, value: { date, big: 1n } }),
    );
    expect(await run('calls', ['c1'])).toMatchObject({
      resultText: expect.stringMatching(/datetime.*1970-01-01T00:00:00.*tq\.bigint/),
    });
  });

  it('fails with the same error: class, code, message, fields and cause', async () => {
    const { value } = await start(({ listener }) =>
      listener.failed(
        new PublishError('publish-timeout', 'No confirm within 5 s.', {
          outcomeUnknown: true,
          fields: { queue: 'math' },
          cause: new Error('socket'),
        }),
      ),
    );
    expect(await value('calls', ['c1'])).toEqual([
      'failed',
      {
        name: 'PublishError',
        code: 'publish-timeout',
        message: 'No confirm within 5 s.',
        outcomeUnknown: true,
        fields: { queue: 'math' },
        isTq: true,
        cause: 'socket',
      },
    ]);
  });

  it('may fail after its confirm', async () => {
    const { value } = await start(({ listener }) => {
      listener.confirmed();
      listener.failed(new TqError('replies-lost', 'The reply queue is gone.'));
    });
    expect(await value('calls', ['c1'])).toMatchObject([
      'confirmed',
      'failed',
      { code: 'replies-lost', name: 'TqError' },
    ]);
  });

  it('is over with its confirm when nobody wants the result', async () => {
    const { value, transport, pool } = await start(({ listener }) => listener.confirmed());
    expect(await value('calls', ['c1', { ignoreResult: true }])).toEqual(['confirmed']);
    await pool.stop(0);
    expect(transport.forgotten).toEqual([]);
  });

  it('may be a message that is no call: its body crosses as it is, whatever its size, and the confirm comes back', async () => {
    const { transport, value, pool } = await start();
    transport.onPublish = ({ listener }) => listener.confirmed();
    const large = 'é'.repeat(100_000);
    expect(await value('publishes', ['small', { headers: { region: 'eu' } }])).toEqual(['confirmed']);
    expect(await value('publishes', [large])).toEqual(['confirmed']);
    expect(transport.published).toMatchObject([
      {
        target: { exchange: 'logs', routingKey: 'error' },
        message: { properties: { messageId: 'm1', headers: { region: 'eu' } }, body: Buffer.from('small') },
        mandatory: false,
        publishTimeoutMs: 5000,
        signal: undefined,
      },
      {},
    ]);
    expect(transport.published[1]?.message.body.equals(Buffer.from(large))).toBe(true);
    await pool.stop(0);
    expect(transport.forgotten).toEqual([]);
  });

  it('may be a message that fails, is aborted, or cannot cross', async () => {
    const { transport, value } = await start();
    const fail = (what: string) => new PublishError('unroutable', what);
    transport.onPublish = ({ listener, signal }) => {
      if (signal === undefined) listener.failed(fail('nobody'));
      else if (signal.aborted) listener.failed(fail('aborted'));
      else signal.addEventListener('abort', () => listener.failed(fail('aborted')));
    };
    const failed = (message: string) => ['failed', { name: 'PublishError', code: 'unroutable', message }];
    expect(await value('publishes', ['x'])).toEqual(failed('nobody'));
    expect(await value('publishes', ['x', { abort: true }])).toEqual(failed('aborted'));
    expect(await value('publishes-function')).toMatchObject(['failed', { code: 'unserialisable' }]);
  });

  it('is aborted by its signal', async () => {
    const { value } = await start(({ listener, signal }) => {
      const abort = () => listener.failed(new PublishError('publish-aborted', `aborted: ${signal?.aborted}`));
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
    });
    expect(await value('aborts-call', ['c1'])).toMatchObject([
      'failed',
      { code: 'publish-aborted', message: 'aborted: true' },
    ]);
  });

  it('is never sent when its signal is aborted already', async () => {
    const { value, transport } = await start();
    expect(await value('calls-aborted', ['c1'])).toMatchObject(['failed', { code: 'publish-aborted' }]);
    expect(transport.sent).toEqual([]);
  });

  it('fails when its headers are no data', async () => {
    const { value } = await start();
    expect(await value('calls-with-function', ['c1'])).toMatchObject([
      'failed',
      { code: 'unserialisable', name: 'PublishError' },
    ]);
  });

  it('hears its confirm and no reply once its result is forgotten', async () => {
    const { value, transport } = await start(({ listener, envelope }) => {
      listener.confirmed();
      listener.replied({ status: 'STARTED', taskId: envelope.id });
    });
    expect(await value('forgets', ['c1'])).toEqual(['confirmed']);
    expect(transport.forgotten).toEqual(['c1']);
  });

  it('is forgotten when its child dies', async () => {
    const { run, transport } = await start(({ listener }) => listener.confirmed());
    expect(await run('calls-and-exits', ['c1'])).toMatchObject({ kind: 'lost' });
    expect(transport.forgotten).toEqual(['c1']);
    transport.sent[0]?.listener.replied({ status: 'STARTED', taskId: 'c1' });
  });
});

describe.each(['thread', 'process'] as const)('a question from inside a task of a %s', (kind) => {
  const start = () => startPool(kind, () => undefined);

  it("is answered with the queue's status, or with nothing when it cannot be asked", async () => {
    const { value, run, transport } = await start();
    transport.status = { messages: 3, consumers: 0, caughtUp: true };
    expect(await value('asks-queue', ['math'])).toEqual({ messages: 3, consumers: 0, caughtUp: true });
    transport.queueStatus = () => Promise.reject(new Error('closed'));
    expect(await run('asks-queue', ['math'])).toMatchObject({ resultText: expect.stringContaining('tq.undefined') });
  });

  it('for room crosses to the parent only when many calls are unconfirmed', async () => {
    const { value, transport } = await start();
    expect(await value('fills-window')).toBe(128);
    expect(transport.sent).toHaveLength(128);
    expect(transport.rooms).toBeGreaterThan(0);
  });
});
