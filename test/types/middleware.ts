/** What middleware may see and change. */
import { createApp, type Headers, type Middleware, type PublishCall, type TaskContext, type TaskRun } from '@tq/core';
import { same } from './equal.js';

const app = createApp();

const remove = app.use({
  publish: async (call, next) => {
    same<PublishCall, typeof call>();
    same<Promise<void>, ReturnType<typeof next>>();
    call.headers = { ...call.headers, traceparent: '00-1' };
    call.queue = 'math';
    call.priority = undefined;
    call.args = [...call.args, 1];
    await next();
  },
  execute: async (run, next) => {
    same<TaskRun, typeof run>();
    same<TaskContext, typeof run.context>();
    same<Headers, typeof run.context.headers>();
    same<Promise<unknown>, ReturnType<typeof next>>();
    run.args = [];
    return await next();
  },
});
same<() => void, typeof remove>();

app.use({ publish: (_, next) => next() });
app.use({ execute: () => 'in place of the handler' });
app.use(
  new (class implements Middleware {
    readonly seen: string[] = [];
    execute(run: TaskRun, next: () => Promise<unknown>) {
      this.seen.push(run.context.task);
      return next();
    }
  })(),
);

// @ts-expect-error: keys are known
app.use({ excute: (_: TaskRun, next: () => Promise<unknown>) => next() });
// @ts-expect-error: functions, not a list
app.use([]);
app.use({
  publish: (call, next) => {
    // @ts-expect-error: the result has the id already
    call.id = 'mine';
    // @ts-expect-error: headers may be shared by many calls
    call.headers.traceparent = '00-1';
    // @ts-expect-error: so may the arguments
    call.args.push(1);
    return next();
  },
  execute: (run, next) => {
    // @ts-expect-error: a run has the task's context
    run.context = undefined;
    // @ts-expect-error: what the handler returns is not known here
    return next().then((value) => value.length);
  },
});
