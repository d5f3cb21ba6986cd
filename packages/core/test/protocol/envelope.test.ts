import { describe, expect, it } from 'vitest';
import { decodeEnvelope, type Envelope, encodeCeleryEnvelope, encodeEnvelope } from '../../src/protocol/envelope.js';
import { copyMessage } from '../../src/protocol/message-copy.js';
import { decodeBody, encodeBody } from '../../src/protocol/task-body.js';
import { decodeFrames, encodeFrames } from './amqp-frames.js';
import { readFixture } from './celery-fixtures.js';
import { expectGolden } from './golden.js';
import { inbound } from './inbound.js';

const ID = '67119e57-9352-488f-9b36-dadd8057ae79';
const REPLY_TO = 'tq.reply.1';
const ROOT = '87d1125a-f6ee-4e8b-ad31-c330d5e316a6';

const call: Envelope = {
  id: ID,
  task: 'tasks.add',
  rootId: ID,
  parentId: undefined,
  priority: undefined,
  ignoreResult: false,
  headers: undefined,
  bodyText: encodeBody([2, 3], 'tq'),
};
const full: Envelope = {
  ...call,
  rootId: ROOT,
  parentId: ROOT,
  priority: 5,
  ignoreResult: true,
  headers: { tenant: 'blue', weights: [1, 2.5], nested: { flag: true, none: null } },
  bodyText: encodeBody([{ name: 'Zoë', at: new Date(0) }, 1n], 'tq'),
};

const timed: Envelope = { ...call, eta: Date.UTC(2026, 7, 1, 12), expires: Date.UTC(2026, 7, 1, 12, 0, 1, 5) };

describe('the bytes of a call', () => {
  it('are pinned: a plain call', () => expectGolden('call', encodeEnvelope(call, REPLY_TO)));
  it('are pinned: a call with everything', () => expectGolden('call-full', encodeEnvelope(full, REPLY_TO)));
  it('are pinned: nobody wants the result', () => expectGolden('call-no-reply', encodeEnvelope(call, undefined)));
  it('are pinned: a call with times', () => expectGolden('call-times', encodeEnvelope(timed, REPLY_TO)));
  it('are pinned: a call with times, preset celery', () =>
    expectGolden(
      'celery-call-times',
      encodeCeleryEnvelope({ ...timed, bodyText: encodeBody([2, 3], 'celery') }, REPLY_TO, 'gen1@host'),
    ));
  it('are pinned: preset celery', () =>
    expectGolden(
      'celery-call',
      encodeCeleryEnvelope({ ...call, bodyText: encodeBody([2, 3], 'celery') }, REPLY_TO, 'gen1@host'),
    ));

  it('have with the preset celery the properties, headers and body of Python’s own', () => {
    const python = readFixture('py-client-request-add');
    const ours = encodeCeleryEnvelope({ ...call, bodyText: encodeBody([2, 3], 'celery') }, REPLY_TO, 'gen7865@vm');
    const { replyTo, headers, ...properties } = ours.properties;
    const { replyTo: pythonReplyTo, headers: pythonHeaders, ...pythonProperties } = python.properties;
    expect(properties).toEqual(pythonProperties);
    expect(Object.keys(headers ?? {})).toEqual(Object.keys(pythonHeaders ?? {}));
    expect(headers).toEqual({ ...pythonHeaders, lang: 'js', argsrepr: '[2,3]' });
    expect([replyTo, pythonReplyTo]).toEqual(['tq.reply.1', expect.any(String)]);
    expect(JSON.parse(ours.body.toString())).toEqual(JSON.parse(python.body.toString()));
  });

  it('carry at least what a Python worker needs: task, id, a content type, and three elements that are not null', () => {
    const { properties, body } = encodeEnvelope(call, REPLY_TO);
    expect(properties).toMatchObject({ contentType: 'application/json', headers: { task: 'tasks.add', id: ID } });
    expect(JSON.parse(body.toString())).toEqual([[2, 3], {}, {}]);
  });

  it('show a monitor at most 128 characters of the arguments', () => {
    const text = ',{},{'.repeat(100);
    const shown = (args: unknown[]) =>
      encodeCeleryEnvelope({ ...call, bodyText: encodeBody(args, 'celery') }, REPLY_TO, 'x').properties.headers
        ?.argsrepr;
    expect(shown([text])).toBe(`${`["${text}`.slice(0, 128)}…`);
    expect(shown([',{},{'])).toBe('[",{},{"]');
  });
});

describe('what comes after a task', () => {
  const embed = '{"chain":[{"task":"tasks.next"}]}';
  const group = { id: 'g1', index: 2 };

  it.each([
    ['tq', encodeEnvelope],
    ['celery', (envelope: Envelope, replyTo?: string) => encodeCeleryEnvelope(envelope, replyTo, 'x')],
  ] as const)('stands in its body and its headers, and is read again (%s)', (preset, encode) => {
    const after = { ...call, bodyText: encodeBody(['},{}]'], preset), embed, group, replacedNesting: 1 };
    const message = decodeFrames(encodeFrames(encode(after, undefined), 'math'));
    expect(message.properties.headers).toMatchObject({ group: 'g1', group_index: 2, replaced_task_nesting: 1 });
    expect(JSON.parse(message.body.toString())).toEqual([['},{}]'], {}, JSON.parse(embed)]);
    expect(decodeEnvelope(message)).toMatchObject({ group, replacedNesting: 1, headers: {} });
  });

  it('costs a message without it not a byte', () => {
    const plain = encodeEnvelope(call, REPLY_TO);
    const none = { embed: undefined, group: undefined, replacedNesting: 0 };
    expect(encodeEnvelope({ ...call, ...none }, REPLY_TO)).toEqual(plain);
    expect(Object.keys(plain.properties.headers ?? {})).toEqual(['task', 'id']);
  });

  it('has the caller’s address in each step under Celery’s preset: a Python worker hands on nothing else', () => {
    const bodyText = encodeBody([], 'celery');
    const [, , third] = JSON.parse(encodeCeleryEnvelope({ ...call, bodyText, embed }, 'r', 'x').body.toString());
    expect(third).toMatchObject({ callbacks: null, chain: [{ task: 'tasks.next', options: { reply_to: 'r' } }] });
    expect(encodeEnvelope({ ...call, embed }, 'r').body.toString()).toContain(embed);
  });

  it('is in no group whose members have no numbers, as those of Celery 4 have none', () => {
    const message = encodeEnvelope({ ...call, headers: { group: 'g1', group_index: null } }, undefined);
    const delivered = decodeFrames(encodeFrames(message, 'math'));
    expect(decodeEnvelope(delivered).group).toBeUndefined();
  });
});

describe('encodeBody', () => {
  it.each([
    [[], '[[],{},{}]'],
    [[undefined, undefined], '[[],{},{}]'],
    [[1, undefined], '[[1],{},{}]'],
    [[undefined, 1], '[[{"__type__":"tq.undefined","__value__":null},1],{},{}]'],
  ])('leaves out trailing undefined arguments of %j only', (args, text) => {
    expect(encodeBody(args, 'tq')).toBe(text);
  });

  it('refuses for preset celery what Python cannot read', () => {
    expect(() => encodeBody([new Map()], 'celery')).toThrow(expect.objectContaining({ code: 'unserialisable' }));
    expect(encodeBody([1, undefined], 'celery')).toContain('[[1],{},{"callbacks":null');
  });
});

describe('decodeEnvelope', () => {
  it('reads back what encodeEnvelope wrote, over the wire', () => {
    const message = decodeFrames(encodeFrames(encodeEnvelope(full, REPLY_TO), 'math'));
    expect(message).toMatchObject({ routingKey: 'math', exchange: '', redelivered: false });
    expect(decodeEnvelope(message)).toEqual({
      id: ID,
      task: 'tasks.add',
      rootId: ROOT,
      parentId: ROOT,
      replyTo: 'tq.reply.1',
      retries: 0,
      ignoreResult: true,
      limits: { timeLimit: undefined, softTimeLimit: undefined },
      eta: undefined,
      expires: undefined,
      lost: 0,
      earlierDeliveries: 0,
      unknownRounds: 0,
      replacedNesting: 0,
      retry: undefined,
      errors: [],
      headers: { tenant: 'blue', weights: [1, 2.5], nested: { flag: true, none: null } },
      bodyText: full.bodyText,
    });
    expect(decodeBody(full.bodyText).args).toEqual([{ name: 'Zoë', at: new Date(0) }, 1n]);
  });

  it('takes the id of a root for the root’s', () => {
    expect(decodeEnvelope(inbound())).toMatchObject({ rootId: 'i1', parentId: undefined, headers: {} });
  });

  it('takes an empty reply address for none', () => {
    expect(decodeEnvelope(inbound({ replyTo: '' })).replyTo).toBeUndefined();
  });

  it('counts lost children and earlier deliveries, the broker’s and tq’s own', () => {
    const headers = { 'tq-lost': 2, 'tq-redeliveries': 3, 'x-delivery-count': 4, retries: 5 };
    expect(decodeEnvelope(inbound({}, headers))).toMatchObject({
      lost: 2,
      earlierDeliveries: 7,
      retries: 5,
      headers: {},
    });
  });

  it('reads eta and expires, those without a zone as UTC', () => {
    const headers = { eta: '2026-11-20T09:47:52.587216+00:00', expires: '2026-11-20T09:48:52' };
    const expected = { eta: Date.UTC(2026, 10, 20, 9, 47, 52, 587), expires: Date.UTC(2026, 10, 20, 9, 48, 52) };
    expect(decodeEnvelope(inbound({}, headers))).toMatchObject(expected);
  });

  it.each(['utf-8', 'UTF-8', 'utf8', undefined])('takes the content encoding %s', (contentEncoding) => {
    expect(decodeEnvelope(inbound({ contentEncoding })).bodyText).toBe('[[],{},null]');
  });

  it.each<[string, Parameters<typeof inbound>]>([
    ["text as header id (Celery's message protocol 2), found none", [{ headers: {} }]],
    ["text as header task (Celery's message protocol 2), found none", [{ headers: { id: 'i1' } }]],
    ["text as header task (Celery's message protocol 2), found ''", [{}, { task: '' }]],
    ["text as header id (Celery's message protocol 2), found 7", [{}, { id: 7 }]],
    ['text of at most 255 bytes as header id', [{}, { id: 'é'.repeat(128) }]],
    ['text as header root_id, found a list', [{}, { root_id: [] }]],
    ['text as header parent_id, found object', [{}, { parent_id: {} }]],
    ['a whole number from 0 on as header retries, found 0.5', [{}, { retries: 0.5 }]],
    ['a whole number from 0 on as header retries, found NaN', [{}, { retries: Number.NaN }]],
    ['a whole number from 0 on as header tq-lost, found -1', [{}, { 'tq-lost': -1 }]],
    ["a whole number from 0 on as header x-delivery-count, found '1'", [{}, { 'x-delivery-count': '1' }]],
    ["an ISO 8601 time as header eta, found 'foo 1'", [{}, { eta: 'foo 1' }]],
    ['text as header expires, found 60', [{}, { expires: 60 }]],
    [
      "application/json as content type, found 'application/x-python-serialize'",
      [{ contentType: 'application/x-python-serialize' }],
    ],
    ['application/json as content type, found none', [{ contentType: undefined }]],
    ["utf-8 as content encoding, found 'binary'", [{ contentEncoding: 'binary' }]],
    ["none as compression, found 'application/x-gzip'", [{}, { compression: 'application/x-gzip' }]],
    ["UTF-8 text as body, found 'bytes that are not'", [{}, {}, Buffer.from([0x22, 0xc3, 0x28, 0x22])]],
    ["UTF-8 text as body, found 'bytes that are not'", [{}, {}, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])]],
  ])('refuses a message: expected %s', (text, parts) => {
    expect(() => decodeEnvelope(inbound(...parts))).toThrow(
      expect.objectContaining({
        code: 'poison',
        message: expect.stringContaining(`Not a task message: expected ${text}`),
      }),
    );
  });
});

describe('decodeBody', () => {
  it('takes null for no keyword arguments and for nothing to follow', () => {
    expect(decodeBody('[[1],null,null]')).toEqual({ args: [1], kwargs: {} });
  });

  it.each([
    ['[args, kwargs, embed] as body, found object', '{"args":[],"kwargs":{}}'],
    ['[args, kwargs, embed] as body, found a list', '[[],{}]'],
    ['[args, kwargs, embed] as body, found 30', '30'],
    ['a list as args, found object', '[{},{},{}]'],
    ['an object as kwargs, found a list', '[[],[],{}]'],
    ['an object as kwargs, found object', '[[],{"__type__":"tq.map","__value__":[]},{}]'],
    ["an object or null as embed, found 'yes'", '[[],{},"yes"]'],
  ])('refuses a body: expected %s', (text, body) => {
    expect(() => decodeBody(body)).toThrow(
      expect.objectContaining({ code: 'poison', message: `Not a task message: expected ${text}.` }),
    );
  });
});

it('reads a message whose headers name a prototype, and drops that header', () => {
  // Set as a prototype, the array would take the assignment of '0.1' and throw.
  const headers = { task: 'fib', id: 'i1', '0.1': Object.create(null) };
  Object.defineProperty(headers, '__proto__', { value: new Uint8ClampedArray(0), enumerable: true });
  const message = inbound({ headers });
  expect(Object.keys(decodeEnvelope(message).headers)).toEqual(['0.1']);
  expect(Object.keys(copyMessage(message, {}).properties.headers ?? {})).not.toContain('__proto__');
});
