import { describe, expect, it } from 'vitest';
import { asyncSchema, gate, refusing, schemaOf } from '../schema/schemas.js';
import { openProducer } from './producing.js';

const DOUBLES = schemaOf((args) => ({ value: args.map((n) => Number(n) * 2) }));

describe('a call of a task with a schema', () => {
  it('is sent at once where the validator answers at once, as it was given', () => {
    const { sent, sendFor, producer } = openProducer();
    sendFor(DOUBLES, [1, 2]);
    expect(sent.map(({ envelope }) => envelope.bodyText)).toEqual(['[[1,2],{},{}]']);
    expect(producer.waiting()).toBeUndefined();
  });

  it('is sent as it was given, whatever the validator does to it', () => {
    const { sent, sendFor } = openProducer();
    const mutates = schemaOf((args) => {
      (args[0] as { n: number }).n = 9;
      return { value: args };
    });
    sendFor(mutates, [{ n: 1 }]);
    expect(sent.map(({ envelope }) => envelope.bodyText)).toEqual(['[[{"n":1}],{},{}]']);
  });

  it.each([
    ['at once', refusing({ message: 'Too small', path: [0] })],
    ['later', asyncSchema(refusing({ message: 'Too small', path: [0] }))],
  ])('is not sent where the validator refuses %s: published and get() say why', async (_, schema) => {
    const { sent, sendFor, unobserved } = openProducer();
    const result = sendFor(schema, [30]);
    const [published, got] = await Promise.all(
      [result.published, result.get()].map((promise) => promise.then(String, (error: unknown) => error)),
    );
    expect(got).toBe(published);
    expect(got).toMatchObject({
      name: 'PublishError',
      code: 'invalid-args',
      message: "Expected arguments that fit the schema of task 'fib', found args[0]: Too small.",
      outcomeUnknown: false,
      fields: { task: 'fib', issues: [{ path: [0], message: 'Too small' }] },
    });
    expect([sent, unobserved, result.state]).toEqual([[], [], 'unknown']);
  });

  it.each([
    ['throws', schemaOf(() => raise(new RangeError('no database')))],
    ['rejects', asyncSchema(schemaOf(() => raise(new RangeError('no database'))))],
  ])('is not sent where the validator %s, which is the cause', async (_, schema) => {
    const { sent, sendFor } = openProducer();
    const error = await sendFor(schema, [30]).published.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid-args', cause: new RangeError('no database') });
    expect(error).toMatchObject({ message: expect.stringContaining('found a validator that threw (see the cause).') });
    expect(sent).toEqual([]);
  });

  it('waits for its validation within its time, and is sent with what is left of that', async () => {
    const { clock, sent, sendFor, producer } = openProducer();
    const { opened, open } = gate();
    sendFor(asyncSchema(DOUBLES, opened), [1], { deadline: 100 });
    expect(sent).toEqual([]);
    clock.advance(40);
    open();
    await producer.waiting();
    expect(sent).toMatchObject([{ publishTimeoutMs: 60, envelope: { bodyText: '[[1],{},{}]' } }]);
    expect(producer.waiting()).toBeUndefined();
  });

  it('times out with its deadline while it is validated, and is not sent afterwards', async () => {
    const { clock, sent, sendFor } = openProducer();
    const { opened, open } = gate();
    const { published } = sendFor(asyncSchema(DOUBLES, opened), [1], { deadline: 100 });
    clock.advance(101);
    await expect(published).rejects.toMatchObject({
      code: 'publish-timeout',
      message: 'Not published within 100ms: its arguments are still being validated',
    });
    open();
    await opened;
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toEqual([]);
  });

  it('is aborted by its signal while it is validated', async () => {
    const { sendFor } = openProducer();
    const controller = new AbortController();
    const { published } = sendFor(asyncSchema(DOUBLES, gate().opened), [1], { signal: controller.signal });
    controller.abort();
    await expect(published).rejects.toMatchObject({ code: 'publish-aborted' });
  });

  it('finds no room beyond the bound on calls that are validated', async () => {
    const { sendFor, producer } = openProducer();
    const { opened, open } = gate();
    const schema = asyncSchema(DOUBLES, opened);
    sendFor(schema, [1]);
    expect(producer.room()).toBeUndefined();
    sendFor(schema, [2]);
    const room = producer.room();
    expect(room).toBeInstanceOf(Promise);
    await expect(sendFor(schema, [3]).published).rejects.toMatchObject({ code: 'outbox-full' });
    open();
    await room;
    await producer.waiting();
    expect(producer.room()).toBeUndefined();
  });
});

function raise(error: Error): never {
  throw error;
}
