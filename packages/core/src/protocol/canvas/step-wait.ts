import { type Lazy, stepOf, type TaskStep } from './wire-step.js';

/** How long tasks wait before they start. */
export interface StepWait {
  /** By countdowns, one after the other: the longest way through, ms. */
  readonly countdown: number;
  /** The latest time that one waits for, ms since the epoch. */
  readonly eta: number | undefined;
}

const NO_WAIT: StepWait = { countdown: 0, eta: undefined };

/** How long steps that start together wait at most. */
export function waitOf(steps: readonly Lazy[]): StepWait {
  return steps.map(stepWait).reduce(atOnce, NO_WAIT);
}

function stepWait(lazy: Lazy): StepWait {
  if (typeof lazy === 'string' && !lazy.includes('"countdown"') && !lazy.includes('"eta"')) return NO_WAIT;
  const step = stepOf(lazy);
  switch (step.kind) {
    case 'task':
      return taskWait(step);
    case 'group':
      return waitOf(step.tasks);
    case 'chord':
      return inTurn(waitOf(step.header), stepWait(step.body));
    case 'chain':
      return step.tasks.map(stepWait).reduce(inTurn, NO_WAIT);
  }
}

function taskWait({ options }: TaskStep): StepWait {
  const { countdown = 0, eta } = options;
  return countdown === 0 && eta === undefined ? NO_WAIT : { countdown, eta };
}

function atOnce(one: StepWait, other: StepWait): StepWait {
  return { countdown: Math.max(one.countdown, other.countdown), eta: latest(one.eta, other.eta) };
}

function inTurn(one: StepWait, other: StepWait): StepWait {
  return { countdown: one.countdown + other.countdown, eta: latest(one.eta, other.eta) };
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}
