import { findCurrentTask, type Job, type JobEnd, Registry, type Runnable, runJob } from '@tq/core/internal';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { asyncSchema, gate, refusing, schemaOf } from '../schema/schemas.js';
import { testRuntime } from '../test-runtime.js';

const { logger } = testRuntime();
const NEVER_CALLED = () => {
  throw new Error('the handler was called');
};

function start(task: Omit<Runnable, 'name'>, bodyText = '[["12"],{},null]') {
  const registry = new Registry();
  registry.add({ name: 'task', ...task });
  const ends: JobEnd[] = [];
  const rest = { attempt: 1, queue: 'q', rootId: 'job-1', parentId: undefined, headers: {} };
  const job: Job = { id: 'job-1', task: 'task', bodyText, ...rest };
  let told: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    told = resolve;
  });
  const run = runJob(
    job,
    logger,
    (end) => {
      ends.push(end);
      told();
    },
    registry,
  );
  return { run, ends, ended };
}

async function endOf(...given: Parameters<typeof start>): Promise<JobEnd | undefined> {
  const { ends, ended } = start(...given);
  await ended;
  return ends[0];
}

const NUMBERS = z.tuple([z.string().transform(Number)]);

describe('the arguments of a task with a schema', () => {
  it('reach the handler as what the schema makes of them, without a turn of the loop', () => {
    const { ends } = start({ handler: (...all: unknown[]) => all, args: NUMBERS });
    expect(ends).toEqual([{ kind: 'success', resultText: '[12]' }]);
  });

  it('reach it the same way where the schema is asynchronous, in the context of the task', async () => {
    const inside = new Set<string | undefined>();
    const note = <T>(value: T) => {
      inside.add(findCurrentTask()?.id);
      return value;
    };
    const schema = z.tuple([z.string().transform(async (text) => note(Number(text)))]);
    const handler = (...all: unknown[]) => note(all);
    expect(await endOf({ handler, args: schema, result: asyncSchema(schemaOf((value) => note({ value }))) })).toEqual({
      kind: 'success',
      resultText: '[12]',
    });
    expect([...inside]).toEqual(['job-1']);
  });

  it.each([
    ['at once', refusing({ message: 'Bad', path: [0, 'email'] })],
    ['later', asyncSchema(refusing({ message: 'Bad', path: [0, 'email'] }))],
  ])('end the run as refused where the schema refuses them %s, and the handler is not called', async (_, args) => {
    expect(await endOf({ handler: NEVER_CALLED, args })).toEqual({
      kind: 'refused',
      failure: {
        error: {
          exc_type: 'TqError',
          exc_message: ["Expected arguments that fit the schema of task 'task', found args[0].email: Bad."],
          exc_module: 'tq',
          code: 'invalid-args',
        },
        traceback: null,
      },
    });
  });

  it('end it as refused where the validator throws, with what it threw', async () => {
    const args = schemaOf(() => {
      throw new RangeError('no database');
    });
    expect(await endOf({ handler: NEVER_CALLED, args })).toMatchObject({
      kind: 'refused',
      failure: {
        error: { code: 'invalid-args', cause: { exc_type: 'RangeError', exc_message: ['no database'] } },
        traceback: expect.stringContaining('run-job-schemas.test.ts'),
      },
    });
  });

  it("have a Python caller's keyword arguments as the last one", async () => {
    const args = z.tuple([z.number(), z.object({ depth: z.number().transform((n) => n + 1) })]);
    const handler = (...all: unknown[]) => all;
    expect(await endOf({ handler, args }, '[[1],{"depth":2},null]')).toEqual({
      kind: 'success',
      resultText: '[1,{"depth":3}]',
    });
    expect(await endOf({ handler, args }, '[[1],{},null]')).toMatchObject({ kind: 'refused' });
  });

  it('give the task back where it is stopped while they are validated', async () => {
    const { opened, open } = gate();
    const { run, ends, ended } = start({ handler: NEVER_CALLED, args: asyncSchema(NUMBERS as never, opened) });
    run.abort();
    open();
    await ended;
    expect(ends).toEqual([{ kind: 'stopped' }]);
  });
});

describe('the result of a task with a schema', () => {
  it.each([
    ['at once', () => new Date(0)],
    ['later', async () => new Date(0)],
  ])('is what the schema makes of what the handler returns %s', async (_, handler) => {
    const result = z.date().transform((date) => date.getTime());
    expect(await endOf({ handler, result })).toEqual({ kind: 'success', resultText: '0' });
    const later = z.date().transform(async (date) => date.getTime());
    expect(await endOf({ handler, result: later })).toEqual({ kind: 'success', resultText: '0' });
  });

  it.each([
    ['at once', refusing({ message: 'Bad', path: ['items', 0] })],
    ['later', asyncSchema(refusing({ message: 'Bad', path: ['items', 0] }))],
  ])('is a failure of the task where the schema refuses it %s', async (_, result) => {
    expect(await endOf({ handler: () => 1, result })).toMatchObject({
      kind: 'failure',
      failure: {
        error: {
          code: 'invalid-result',
          exc_message: [
            "Expected a result that fits the schema of task 'task', found result.items[0]: Bad. The handler has run.",
          ],
        },
      },
    });
  });

  it('is what middleware around the handler gets, and its refusal an error that passes through it', async () => {
    const seen: unknown[] = [];
    const middleware = {
      execute: async (_run: unknown, next: () => Promise<unknown>) => {
        const value = await next().catch((error: { code?: unknown }) => {
          seen.push(error.code);
          throw error;
        });
        seen.push(value);
        return [value];
      },
    };
    const result = z.string().transform(Number);
    expect(await endOf({ handler: () => '7', result, middleware })).toEqual({ kind: 'success', resultText: '[7]' });
    expect(await endOf({ handler: () => 7, result, middleware })).toMatchObject({ kind: 'failure' });
    expect(await endOf({ handler: NEVER_CALLED, args: NUMBERS, middleware }, '[[7],{},null]')).toMatchObject({
      kind: 'refused',
    });
    expect(seen).toEqual([7, 'invalid-result']);
  });

  it('is not looked at where the handler failed', async () => {
    const result = schemaOf(NEVER_CALLED);
    const handler = () => Promise.reject(new Error('mine'));
    expect(await endOf({ handler, result })).toMatchObject({
      kind: 'failure',
      failure: { error: { exc_message: ['mine'] } },
    });
  });
});
