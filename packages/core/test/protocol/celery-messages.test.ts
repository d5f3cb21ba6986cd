import { describe, expect, it } from 'vitest';
import { decodeEnvelope } from '../../src/protocol/envelope.js';
import { decodeReply } from '../../src/protocol/reply.js';
import { decodeBody } from '../../src/protocol/task-body.js';
import { fixtureNames, readFixture, readFixtureFrames } from './celery-fixtures.js';

const TASKS = ['external-producer-request-', 'py-client-request-', 'py-worker-chain-', 'py-worker-retry-'];

/** What each captured task message says: the fields that differ between them. */
const EXPECTED: Record<string, { message: object; body: object }> = {
  'external-producer-request-add': { message: { task: 'tasks.add' }, body: { args: [2, 3] } },
  'py-client-request-add': { message: { task: 'tasks.add' }, body: { args: [2, 3] } },
  'py-client-request-add-countdown-expires-priority-header': {
    message: {
      eta: Date.UTC(2026, 10, 20, 9, 47, 52, 587),
      expires: Date.UTC(2026, 10, 20, 9, 48, 51, 587),
      headers: { custom: 'x' },
    },
    body: { args: [1, 2] },
  },
  'py-client-request-chain': { message: { task: 'tasks.add' }, body: { args: [1, 2] } },
  'py-client-request-fail': { message: { task: 'tasks.fail' }, body: { args: ['kaput'] } },
  'py-client-request-flaky': { message: { task: 'tasks.flaky' }, body: { args: [1] } },
  'py-worker-chain-republish': {
    message: {
      task: 'tasks.add',
      parentId: '5765d3e0-779a-434d-aad0-e0d05288198f',
      rootId: '5765d3e0-779a-434d-aad0-e0d05288198f',
    },
    body: { args: [3, 10] },
  },
  'py-worker-retry-republish': {
    message: {
      retries: 1,
      parentId: 'f1b206aa-dbfd-47db-80bf-771c4c9cc002',
      eta: Date.UTC(2026, 10, 20, 9, 48, 1, 200),
    },
    body: { args: [2] },
  },
};

describe('a task message of Celery', () => {
  it('is there for every case', () => {
    expect(fixtureNames(...TASKS)).toEqual(Object.keys(EXPECTED).sort());
  });

  it.each(fixtureNames(...TASKS))('%s is read, from its fields and from its bytes alike', (name) => {
    const message = readFixture(name);
    const wire = readFixtureFrames(name);
    const decoded = decodeEnvelope(message);
    expect(wire).toBeDefined();
    expect(wire && decodeEnvelope(wire)).toEqual(decoded);
    expect(decoded).toMatchObject({
      id: message.properties.correlationId,
      rootId: message.properties.headers?.root_id,
      replyTo: message.properties.replyTo,
      retries: 0,
      ignoreResult: false,
      lost: 0,
      earlierDeliveries: 0,
      headers: {},
      ...EXPECTED[name]?.message,
    });
    expect(decodeBody(decoded.bodyText)).toEqual({ kwargs: {}, ...EXPECTED[name]?.body });
  });
});

describe('a reply of Celery', () => {
  it.each(fixtureNames('py-worker-reply-success-'))('%s is read, from its fields and from its bytes alike', (name) => {
    const { body, properties } = readFixture(name);
    const reply = { status: 'SUCCESS', taskId: properties.correlationId, value: Number(name.split('-').at(-1)) };
    expect(decodeReply(body.toString())).toEqual(reply);
    expect(decodeReply(readFixtureFrames(name)?.body.toString() ?? '')).toEqual(reply);
  });

  it.each([
    ['py-worker-reply-failure-ValueError', 'FAILURE', 'kaput', 'ValueError: kaput'],
    ['py-worker-reply-retry-ValueError', 'RETRY', 'not yet', "Retry in 0.2s: ValueError('not yet')"],
  ])('%s is read with the error and its traceback', (name, status, message, lastLine) => {
    const { body, properties } = readFixture(name);
    expect(decodeReply(body.toString())).toEqual({
      status,
      taskId: properties.correlationId,
      error: {
        name: 'ValueError',
        message,
        stack: expect.stringContaining(lastLine),
        code: undefined,
        cause: undefined,
      },
    });
  });
});

describe('an event of Celery', () => {
  it.each(fixtureNames('py-worker-event-'))('%s is no task message and no reply', (name) => {
    for (const message of [readFixture(name), readFixtureFrames(name)]) {
      expect(() => message && decodeEnvelope(message)).toThrow(
        expect.objectContaining({
          code: 'poison',
          message: "Not a task message: expected text as header id (Celery's message protocol 2), found none.",
        }),
      );
    }
    expect(() => decodeReply(readFixture(name).body.toString())).toThrow(
      expect.objectContaining({ code: 'poison', message: 'Not a reply: expected a task_id, found undefined.' }),
    );
  });
});
