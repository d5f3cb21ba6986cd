/**
 * What a random canvas is to be: data alone, from which the canvas is built (`build-plan.ts`) and, apart from it, what must come
 * of it is worked out (`evaluate-plan.ts`). A step is known by its path, `0.1` for the second of the first.
 */

/** What tasks take and give. */
export type Value = number | string | bigint | Date | undefined | readonly Value[];

/** The tasks of random canvases, which take whatever comes before them. */
export type TaskName = 'add' | 'multiply' | 'sum' | 'concat' | 'identity' | 'wrap' | 'nothing' | 'flaky' | 'fails';

/** What every step may have. */
interface Step {
  /** Whether it has an errback. */
  readonly linkError?: boolean;
}

/** A task: of what came before, or of `first` where nothing did or it does not want it. */
export interface TaskPlan extends Step {
  readonly kind: 'task';
  readonly task: TaskName;
  readonly first: Value;
  readonly second: number;
  /** Whether what came before is not for it. */
  readonly immutable: boolean;
  /** Whether it has a callback. */
  readonly link?: boolean;
}

/** One step after another. */
export interface ChainPlan extends Step {
  readonly kind: 'chain';
  readonly steps: readonly Plan[];
}

/** Steps side by side; one after it in a chain makes it a chord. */
export interface GroupPlan extends Step {
  readonly kind: 'group';
  readonly members: readonly Plan[];
}

/** Steps side by side, and then one with all that they give. */
export interface ChordPlan extends Step {
  readonly kind: 'chord';
  readonly header: readonly Plan[];
  readonly body: Plan;
}

/** The task `double` for each item, in one message. */
export interface MapPlan extends Step {
  readonly kind: 'map';
  readonly items: readonly number[];
}

/** The task `subtract` for each pair: in one message, or in several of so many pairs. */
export interface StarmapPlan extends Step {
  readonly kind: 'starmap' | 'chunks';
  readonly pairs: readonly (readonly [number, number])[];
  readonly size: number;
}

/** A task that replaces itself by this canvas, which begins anew. */
export interface ReplacePlan extends Step {
  readonly kind: 'replace';
  readonly by: Plan;
}

export type Plan = TaskPlan | ChainPlan | GroupPlan | ChordPlan | MapPlan | StarmapPlan | ReplacePlan;

/** The path of a step below another. */
export function below(path: string, index: number | 'body' | 'by'): string {
  return `${path}.${index}`;
}

/** A plan as somebody would write its canvas, each step with its path where that says more. */
export function describePlan(plan: Plan, path = '0'): string {
  return `${describeStep(plan, path)}${plan.linkError ? '.linkError(e)' : ''}`;
}

function describeStep(plan: Plan, path: string): string {
  switch (plan.kind) {
    case 'task': {
      const { task, first, second, immutable, link } = plan;
      return `${task}.${immutable ? 'si' : 's'}(${show(first)}, ${second}, '${path}')${link ? '.link(c)' : ''}`;
    }
    case 'chain':
      return `chain(${describeAll(plan.steps, path)})`;
    case 'group':
      return `group(${describeAll(plan.members, path)})`;
    case 'chord':
      return `chord([${describeAll(plan.header, path)}], ${describePlan(plan.body, below(path, 'body'))})`;
    case 'map':
      return `double.map(${JSON.stringify(plan.items)})`;
    case 'starmap':
      return `subtract.starmap(${JSON.stringify(plan.pairs)})`;
    case 'chunks':
      return `subtract.chunks(${JSON.stringify(plan.pairs)}, ${plan.size})`;
    case 'replace':
      return `replaced.s(${describePlan(plan.by, below(path, 'by'))})`;
  }
}

function describeAll(plans: readonly Plan[], path: string): string {
  return plans.map((plan, index) => describePlan(plan, below(path, index))).join(', ');
}

/** A value as text that tells every two apart. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  return value instanceof Date ? value.toISOString() : String(value);
}
