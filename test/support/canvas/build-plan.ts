import { type App, type AsyncResult, chain, chord, currentTask, group, type TaskFailure } from '@tq/core';
import { below, type Plan, type TaskPlan, type Value } from './plan.js';
import { planHandlers } from './plan-handlers.js';

/** A canvas whose types nobody knows: those of the plan are drawn at random. */
export interface PlanCanvas {
  delay(): Pick<AsyncResult<unknown>, 'get'>;
  link(callback: unknown): PlanCanvas;
  linkError(errback: unknown): PlanCanvas;
}

/** Makes the canvas of a plan; the path is that of its first step. */
export type BuildPlan = (plan: Plan, path: string) => PlanCanvas;

/** Flaky tasks are tried again at once. */
const RETRY = { maxRetries: 1, delay: 0 };

/**
 * Defines the tasks of random canvases.
 * @param ran told of every run of a step, and of every callback and errback
 */
export function definePlanTasks(app: App, ran: (what: string) => void): BuildPlan {
  const tasks = defineTasks(app, ran);

  /** @param isHead nothing comes before it */
  function build(plan: Plan, path: string, isHead: boolean): PlanCanvas {
    const canvas = buildAlone(plan, path, isHead) as PlanCanvas;
    return plan.linkError ? canvas.linkError(tasks.errback.s(path)) : canvas;
  }

  function buildAlone(plan: Plan, path: string, isHead: boolean): unknown {
    switch (plan.kind) {
      case 'task':
        return buildTask(plan, path, isHead);
      case 'chain': {
        const steps = plan.steps.map((step, index) => build(step, below(path, index), isHead && index === 0));
        return (chain as (...steps: PlanCanvas[]) => unknown)(...steps);
      }
      case 'group':
        return group(buildAll(plan.members, path, isHead) as never);
      case 'chord':
        return chord(
          buildAll(plan.header, path, isHead) as never,
          build(plan.body, below(path, 'body'), false) as never,
        );
      case 'map':
        return tasks.double.map(plan.items);
      case 'starmap':
        return tasks.subtract.starmap(plan.pairs);
      case 'chunks':
        return tasks.subtract.chunks(plan.pairs, plan.size);
      case 'replace':
        return replaced.si(plan.by, path);
    }
  }

  function buildTask({ task, first, second, immutable, link }: TaskPlan, path: string, isHead: boolean): PlanCanvas {
    const { s, si } = tasks.steps[task];
    const all = [first, second, path] as const;
    const signature = (immutable ? si(...all) : isHead ? s(...all) : s(second, path)) as PlanCanvas;
    return link ? signature.link(tasks.callback.s(path)) : signature;
  }

  function buildAll(plans: readonly Plan[], path: string, isHead: boolean): PlanCanvas[] {
    return plans.map((plan, index) => build(plan, below(path, index), isHead));
  }

  const replaced = app.task('replaced', (by: Plan, path: string) => {
    ran(path);
    currentTask().replace(build(by, below(path, 'by'), true) as never);
  });
  return (plan, path) => build(plan, path, true);
}

function defineTasks(app: App, ran: (what: string) => void) {
  const { steps, double, subtract } = planHandlers({ ran, attempt: () => currentTask().attempt });
  const define = (name: keyof typeof steps) => {
    const handler = (before: Value, second: number, path: string) => steps[name](before, second, path);
    return app.task(name, handler, name === 'flaky' ? { retry: RETRY } : {});
  };
  const names = Object.keys(steps) as (keyof typeof steps)[];
  return {
    steps: Object.fromEntries(names.map((name) => [name, define(name)])) as Record<
      keyof typeof steps,
      ReturnType<typeof define>
    >,
    double: app.task('double', double),
    subtract: app.task('subtract', subtract),
    callback: app.task('callback', (_: unknown, path: string) => ran(`${path} callback`)),
    errback: app.task('errback', (_: TaskFailure, path: string) => ran(`${path} errback`)),
  };
}
