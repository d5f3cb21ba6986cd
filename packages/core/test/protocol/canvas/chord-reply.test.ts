import { describe, expect, it } from 'vitest';
import { readChordReply, toChordReply } from '../../../src/protocol/canvas/chord-reply.js';
import { encodeError } from '../../../src/protocol/error-codec.js';
import type { InboundMessage, OutboundMessage } from '../../../src/protocol/message.js';
import { encodeReply, UNDEFINED_RESULT } from '../../../src/protocol/reply.js';

const arrived = (message: OutboundMessage) =>
  ({ ...message, exchange: '', routingKey: 'q', redelivered: false }) as unknown as InboundMessage;
const MEMBER = { index: 3, task: 'add' };
const success = (resultText: string) => encodeReply('t1', { status: 'SUCCESS', resultText });

describe('the reply of a chord’s member', () => {
  it('is what the caller gets, with which member it is of', () => {
    const reply = success('1');
    const { properties, body } = toChordReply(reply, MEMBER);
    expect(properties).toEqual({ ...reply.properties, headers: { group_index: 3, task: 'add' } });
    expect(body).toBe(reply.body);
  });

  it.each(['1', '{"a": [18446744073709551616, "]\\""]}', UNDEFINED_RESULT])(
    'brings the result %s as it was',
    (text) => {
      expect(readChordReply(arrived(toChordReply(success(text), MEMBER)))).toEqual({
        ...{ taskId: 't1', task: 'add', index: 3, outcome: { kind: 'success', resultText: text } },
      });
    },
  );

  it('brings the failure', () => {
    const failure = encodeError(new RangeError('too far'));
    for (const status of ['FAILURE', 'REVOKED'] as const) {
      const reply = encodeReply('t1', { status, failure });
      expect(readChordReply(arrived(toChordReply(reply, MEMBER)))?.outcome).toEqual({ kind: 'failure', failure });
    }
  });

  it.each([
    ['no reply', '{}', 0],
    ['no JSON', '{', 0],
    ['a list', '[]', 0],
    ['a state on the way', '{"task_id":"t","status":"RETRY","result":null}', 0],
    ['a reply without its index', '{"task_id":"t","status":"SUCCESS","result":1}', undefined],
    ['a reply with an index that is none', '{"task_id":"t","status":"SUCCESS","result":1}', -1],
  ])('is not %s', (_, body, index) => {
    const message = { properties: { headers: { group_index: index } }, body: Buffer.from(body) };
    expect(readChordReply(arrived(message as OutboundMessage))).toBeUndefined();
  });

  it.each([undefined, 7])('brings no name of its task where that is %s', (task) => {
    const { properties, body } = toChordReply(success('1'), MEMBER);
    const headers = { ...properties.headers, task };
    expect(readChordReply(arrived({ properties: { ...properties, headers }, body }))).toMatchObject({
      ...{ taskId: 't1', task: undefined, index: 3 },
    });
  });

  it.each(['null', '7', '{"exc_type":1}', '{"exc_type":"E","exc_message":9}'])('may fail with %s', (result) => {
    const body = Buffer.from(`{"task_id":"t","status":"FAILURE","result":${result}}`);
    const reply = readChordReply(arrived({ properties: { headers: { group_index: 0 } }, body }));
    expect(reply?.outcome).toMatchObject({ kind: 'failure', failure: { error: { exc_type: expect.any(String) } } });
  });
});
