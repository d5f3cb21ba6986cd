import { toError } from '../errors.js';
import { answerOf, type CallAddress, complete, type RouteEntry, type Router } from './router.js';
import type { RouteOptions } from './routes.js';

/** What a decision about a call's way is made of. */
export interface RouteQuestion {
  /** The task's name. */
  readonly task: string;
  readonly args: readonly unknown[];
  /** What the call says itself. */
  readonly call: CallAddress;
  /** What the task's definition says. */
  readonly definition: Pick<CallAddress, 'queue' | 'priority' | 'headers'>;
  /** Where calls go of which nobody says anything, without the app's prefix. */
  readonly defaultQueue: string;
}

/** One place that was looked at for a call's way. */
export interface RouteStep {
  /** Whose word it is, the strongest first. */
  readonly source: 'call' | 'task' | 'route' | 'default';
  /** Which route it is: `'mail.*'`, `routes[2] (byTenant)`; undefined for the others. */
  readonly route: string | undefined;
  /** False for a route that is for other tasks. */
  readonly fits: boolean;
  /** What it says; undefined where it says nothing, and where it was not asked any more. */
  readonly says: RouteOptions | undefined;
  /** Which of that holds. */
  readonly taken: readonly (keyof RouteOptions)[];
  /** Why the rest of it does not, or why it says nothing. */
  readonly why: string | undefined;
}

/** Where a call would go, and why. */
export interface RouteExplanation {
  /** The task's name. */
  readonly task: string;
  /** Where it goes, without the app's prefix; undefined when it goes to an exchange, or nowhere. */
  readonly queue: string | undefined;
  /** The exchange that it goes to, without the app's prefix. */
  readonly exchange: string | undefined;
  /** With which key. */
  readonly routingKey: string | undefined;
  /** 0 to 255; undefined for none. */
  readonly priority: number | undefined;
  /** Why it goes nowhere: a function among the routes failed. */
  readonly error: string | undefined;
  /** What was looked at, in this order. */
  readonly steps: readonly RouteStep[];
}

/** Decides where a call goes as the producer does, and says how that came about. */
export function explainRoute(router: Router | undefined, question: RouteQuestion): RouteExplanation {
  const { task, call, definition, defaultQueue } = question;
  const own: CallAddress = { ...definition, ...given(call) };
  const steps: RouteStep[] = [
    ownStep('call', given(call), {}, own),
    ownStep('task', given({ queue: definition.queue, priority: definition.priority }), call, own),
  ];
  const asked = router === undefined ? { options: own, error: undefined } : askRoutes(router, question, own, steps);
  const { options, error } = asked;
  const { exchange, priority } = options;
  const isOpen = error === undefined && options.queue === undefined && exchange === undefined;
  const taken: RouteStep['taken'] = isOpen ? ['queue'] : [];
  const why = isOpen ? undefined : 'not needed';
  steps.push({ source: 'default', route: undefined, fits: true, says: { queue: defaultQueue }, taken, why });
  const place = exchange === undefined ? { queue: options.queue ?? defaultQueue } : { exchange };
  const key = exchange === undefined ? undefined : (options.routingKey ?? '');
  const found = { queue: undefined, exchange: undefined, routingKey: key, priority, ...place };
  const nowhere = { queue: undefined, exchange: undefined, routingKey: undefined, priority: undefined };
  return { task, ...(error === undefined ? found : nowhere), error, steps };
}

function askRoutes(
  router: Router,
  { task, args }: RouteQuestion,
  own: CallAddress,
  steps: RouteStep[],
): { readonly options: CallAddress; readonly error: string | undefined } {
  let options = own;
  let winner: RouteEntry | undefined;
  for (const entry of router.entries) {
    const base = { source: 'route', route: entry.label, fits: entry.fits(task), says: undefined, taken: [] } as const;
    if (!base.fits) {
      steps.push({ ...base, why: 'for other tasks' });
    } else if (winner !== undefined) {
      steps.push({ ...base, why: `not asked: ${winner.label} comes before it` });
    } else {
      try {
        const says = answerOf(entry, task, args, own);
        if (says === undefined) {
          steps.push({ ...base, why: 'has nothing to say of this call' });
          continue;
        }
        winner = entry;
        options = complete(own, says);
        steps.push({ ...base, says, ...verdict(says, own) });
      } catch (thrown) {
        const error = toError(thrown).message;
        steps.push({ ...base, why: error });
        return { options: own, error };
      }
    }
  }
  return { options, error: undefined };
}

/** Which of what a route says holds beside what the call and its task say. */
function verdict(says: RouteOptions, own: CallAddress): Pick<RouteStep, 'taken' | 'why'> {
  const hasPlace = own.queue !== undefined || own.exchange !== undefined;
  const said = (Object.keys(says) as (keyof RouteOptions)[]).filter((key) => says[key] !== undefined);
  const taken = said.filter((key) => {
    if (key === 'priority') return own.priority === undefined;
    return !hasPlace && (key !== 'routingKey' || own.routingKey === undefined);
  });
  return { taken, why: taken.length === said.length ? undefined : 'the call and its task come first' };
}

/** @param stronger what comes before it */
function ownStep(source: 'call' | 'task', says: RouteOptions, stronger: CallAddress, own: CallAddress): RouteStep {
  const base = { source, route: undefined, fits: true } as const;
  const said = Object.keys(says) as (keyof RouteOptions)[];
  if (said.length === 0) return { ...base, says: undefined, taken: [], why: 'says nothing' };
  const taken = said.filter((key) => stronger[key] === undefined && !(key === 'queue' && own.exchange !== undefined));
  return {
    ...base,
    says,
    taken,
    why: taken.length === said.length ? undefined : 'the call comes first, and an exchange before a queue',
  };
}

/** An option that is undefined is one that is not given. */
function given({ queue, exchange, routingKey, priority }: CallAddress): RouteOptions {
  const all = Object.entries({ queue, exchange, routingKey, priority });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as RouteOptions;
}
