/** What the compiler makes of a task's schemas, with three libraries of https://standardschema.dev. */
import { type AsyncResult, createApp, declareTask, defineTask, Task, type TaskOf } from '@tq/core';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import { same } from './equal.js';

const mail = defineTask(
  'mail.send',
  (to, body) => {
    same<[string, string], [typeof to, typeof body]>();
    return { accepted: to.length + body.length, extra: true };
  },
  { args: z.tuple([z.email(), z.string()]), result: z.object({ accepted: z.number() }), queue: 'mail' },
);
same<'mail.send', typeof mail.name>();

export async function calls(): Promise<void> {
  same<AsyncResult<{ accepted: number }>, ReturnType<typeof mail.delay>>();
  const { accepted } = await mail.delay('ada@example.com', 'Hello').get();
  same<number, typeof accepted>();
  mail.apply(['ada@example.com', 'Hello'], { priority: 1 });
  mail.bulk([['ada@example.com', 'Hello']]);
  // The bare function, as the handler is.
  same<{ accepted: number; extra: boolean }, ReturnType<typeof mail.run>>();

  // @ts-expect-error: both are texts
  mail.delay('ada@example.com', 1);
  // @ts-expect-error: there are two
  mail.delay('ada@example.com');
  // @ts-expect-error: not three
  mail.delay('ada@example.com', 'Hello', 'again');
  // @ts-expect-error: in a list too
  mail.apply(['ada@example.com']);
  // @ts-expect-error: and in many lists
  mail.bulk([['ada@example.com', 1]]);
}

/** Calls give what the schema takes, handlers get what it makes of that; results the other way round. */
const zod = defineTask('zod', (count: number, at: Date) => (count > 0 ? at : new Date(0)), {
  args: z.tuple([z.string().transform(Number), z.iso.datetime().transform((text) => new Date(text))]),
  result: z.date().transform((date) => date.toISOString()),
});
const valibot = defineTask('valibot', (count: number, at: Date) => (count > 0 ? at : new Date(0)), {
  args: v.tuple([
    v.pipe(v.string(), v.transform(Number)),
    v.pipe(
      v.string(),
      v.transform((text) => new Date(text)),
    ),
  ]),
  result: v.pipe(
    v.date(),
    v.transform((date) => date.toISOString()),
  ),
});
const arktype = defineTask('arktype', (count: number, at: Date) => (count > 0 ? at : new Date(0)), {
  args: type(['string.numeric.parse', 'string.date.parse']),
  result: type('Date').pipe((date) => date.toISOString()),
});
same<Parameters<typeof zod.delay>, [string, string]>();
same<Parameters<typeof valibot.delay>, [string, string]>();
same<Parameters<typeof arktype.delay>, [string, string]>();
same<AsyncResult<string>, ReturnType<typeof zod.delay>>();
same<AsyncResult<string>, ReturnType<typeof valibot.delay>>();
same<AsyncResult<string>, ReturnType<typeof arktype.delay>>();
// @ts-expect-error: a call gives what the schema takes, not what the handler gets
zod.delay(1, new Date(0));

/** Of each library: elements that may be left out, and any number of one kind. */
const zodOptional = defineTask('z.o', (a, b, c) => [a, b, c], {
  args: z.tuple([z.string(), z.number().optional(), z.boolean().default(true)]),
});
same<Parameters<typeof zodOptional.delay>, [string, (number | undefined)?, (boolean | undefined)?]>();
same<Parameters<typeof zodOptional.run>[2], boolean>();
const zodRest = defineTask('z.r', (first, ...others) => [first, ...others], {
  args: z.tuple([z.string()], z.number()),
});
same<Parameters<typeof zodRest.delay>, [string, ...number[]]>();
same<Parameters<typeof zodRest.run>, [string, ...number[]]>();
const valibotRest = defineTask('v.r', (first, ...others) => [first, ...others], {
  args: v.tupleWithRest([v.string()], v.number()),
});
same<Parameters<typeof valibotRest.delay>, [string, ...number[]]>();
const arktypeMany = defineTask('a.o', (first: string, second?: number) => [first, second], {
  args: type(['string', 'number?']),
});
same<Parameters<typeof arktypeMany.delay>, [string, number?]>();
const arktypeRest = defineTask('a.r', (first, ...others) => [first, ...others], {
  args: type(['string', '...', 'number[]']),
});
same<Parameters<typeof arktypeRest.delay>, [string, ...number[]]>();
const none = defineTask('none', () => 1, { args: z.tuple([]) });
none.delay();
// @ts-expect-error: there are none
none.delay(1);

/** Either schema alone. */
const argsOnly = defineTask('args', async (n) => ({ n }), { args: z.tuple([z.number()]) });
same<AsyncResult<{ n: number }>, ReturnType<typeof argsOnly.delay>>();
const resultOnly = defineTask('result', async (text: string) => text, { result: z.coerce.number() });
same<Parameters<typeof resultOnly.delay>, [text: string]>();
same<AsyncResult<number>, ReturnType<typeof resultOnly.delay>>();

/** A handler may take more than the schema makes, and fewer of them. */
defineTask('wider', (a: string | number, b?: unknown) => [a, b], { args: z.tuple([z.string()]) });
defineTask('fewer', () => 1, { args: z.tuple([z.string()]) });
defineTask('no schema after all', (n: number) => n, { args: undefined, result: undefined }).delay(1);

// @ts-expect-error: the handler gets a number
defineTask('wrong', (text: string) => text, { args: z.tuple([z.string().transform(Number)]) });
// @ts-expect-error: it needs more than the schema makes
defineTask('wrong', (a: string, b: string) => a + b, { args: z.tuple([z.string()]) });
// @ts-expect-error: the schema takes numbers
defineTask('wrong', (text: string) => text, { args: z.tuple([z.string()]), result: z.number() });
// @ts-expect-error: asynchronous handlers too
defineTask('wrong', async (text: string) => text, { result: z.number() });
// @ts-expect-error: the schema is one of a list
defineTask('wrong', (text: string) => text, { args: z.string() });
// @ts-expect-error: a list of schemas is none
defineTask('wrong', (text: string) => text, { args: [z.string()] });
// @ts-expect-error: a result schema gives parameters no types
defineTask('untyped', (n) => String(n), { result: z.string() });
// @ts-expect-error: nor does an option
defineTask('untyped', (n) => String(n), { queue: 'math' });
// @ts-expect-error: options are known beside schemas too
defineTask('typo', (n: number) => n, { args: z.tuple([z.number()]), quueue: 'math' });

/** The definition first, and on an app of one's own. */
const first = defineTask({ name: 'first', args: z.tuple([z.number()]), result: z.string() }, (n) => String(n));
same<Parameters<typeof first.delay>, [number]>();
same<AsyncResult<string>, ReturnType<typeof first.delay>>();
// @ts-expect-error: the handler gets a number
defineTask({ name: 'wrong', args: z.tuple([z.number()]) }, (text: string) => text);
const app = createApp();
const own = app.task('own', (n) => n, { args: z.tuple([z.number()]) });
same<Parameters<typeof own.delay>, [number]>();
const ownFirst = app.task({ name: 'own', args: z.tuple([z.number()]) }, (n) => n);
same<Parameters<typeof ownFirst.delay>, [number]>();
// @ts-expect-error: the handler gets a number
app.task('own', (text: string) => text, { args: z.tuple([z.number()]) });

/** A producer's declaration has the definition's types, and may have its schema. */
const declared = declareTask<typeof zod>('zod', { args: z.tuple([z.string(), z.string()]), queue: 'math' });
same<typeof zod, typeof declared>();
// @ts-expect-error: results are validated by the worker
declareTask<typeof zod>('zod', { result: z.string() });
export const all: readonly TaskOf[] = [mail, zod, valibot, arktype, zodRest, none, declared];

/** A method's parameters are what its callers see, so they must fit the schema on both of its sides. */
export class Mails {
  @Task({ args: z.tuple([z.email(), z.string()]), result: z.number() })
  send(to: string, body: string): number {
    return to.length + body.length;
  }

  @Task({ args: z.tuple([z.coerce.date()]) })
  async at(date: Date): Promise<Date> {
    return date;
  }

  // @ts-expect-error: the method gets a number
  @Task({ args: z.tuple([z.number()]) })
  wrong(text: string): string {
    return text;
  }

  // @ts-expect-error: callers would have to give a text
  @Task({ args: z.tuple([z.string().transform(Number)]) })
  transformed(n: number): number {
    return n;
  }

  // @ts-expect-error: the schema takes numbers
  @Task({ result: z.number() })
  result(text: string): string {
    return text;
  }
}
