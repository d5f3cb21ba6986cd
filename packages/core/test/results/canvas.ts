/** The results of a canvas, and everything around them in the hands of the test. */
import type { ChainStep, ChordStep, GroupStep, Step, TaskStep } from '../../src/protocol/canvas/wire-step.js';
import type { Reply } from '../../src/protocol/reply.js';
import type { CallFacts } from '../../src/results/async-result.js';
import { CanvasPublication, type UnpublishedCanvas } from '../../src/results/canvas-publication.js';
import { createCanvasResults } from '../../src/results/canvas-results.js';
import type { ResultState } from '../../src/results/result-state.js';
import type { CallListener, QueueStatus } from '../../src/results/transport.js';
import { workflowOf } from '../../src/results/workflow-of.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Deadlines } from '../../src/time/deadlines.js';

/** A call of the task of the same name, in the queue `q`. */
export function task(id: string, more: Partial<TaskStep> = {}): TaskStep {
  const options = { queue: 'q', ...more.options };
  const empty = { args: '[]', kwargs: '{}', immutable: false, link: [], linkError: [] };
  return { kind: 'task', task: id, id, ...empty, ...more, options };
}
export const chain = (...tasks: Step[]): ChainStep => ({ kind: 'chain', tasks });
export const group = (id: string, ...tasks: Step[]): GroupStep => ({ kind: 'group', id, tasks });
export const chord = (id: string, header: Step[], body: Step): ChordStep => ({ kind: 'chord', id, header, body });

/** Results whose transport is the test. */
export function openCanvas(root: Step, starts: readonly string[], runningTask?: string) {
  const clock = new ManualClock();
  const seen = { holds: 0, forgotten: [] as string[], unpublished: [] as UnpublishedCanvas[] };
  const states: [string, ResultState][] = [];
  let status: QueueStatus | undefined;
  const canvas = new CanvasPublication(starts.length, (failure) => seen.unpublished.push(failure));
  const deadlines = new Deadlines(clock, 1);
  const facts = starts.map((id): [string, CallFacts] => [id, { id, task: id, queue: 'q', ignoreResult: false }]);
  const workflow = workflowOf(root);
  const results = createCanvasResults({
    root,
    starts: new Map(facts),
    canvas,
    workflow: {
      became: (id, state) => {
        states.push([id, state]);
        workflow.became(id, state);
      },
      tree: () => workflow.tree(),
    },
    services: {
      deadlines,
      expiries: deadlines,
      wallTime: () => clock.wallTime(),
      resultTimeoutMs: 60_000,
      runningTask: () => runningTask,
      unobservedFailure: () => undefined,
      transport: {
        send: () => undefined,
        publish: () => undefined,
        ask: () => undefined,
        room: () => undefined,
        forget: (id) => seen.forgotten.push(id),
        hold: () => {
          seen.holds++;
          return () => {
            seen.holds--;
          };
        },
        queueStatus: async () => status,
      },
    },
  });
  const listeners = new Map<string, CallListener>();
  for (const [id, { result, followers }] of results.starts) {
    listeners.set(id, result);
    for (const { taskId, listener } of followers) listeners.set(taskId, listener);
  }
  const listenerOf = (id: string): CallListener => {
    const listener = listeners.get(id);
    if (listener === undefined) throw new Error(`expected somebody who waits for ${id}, found nobody`);
    return listener;
  };
  const reply = (answer: Reply) => listenerOf(answer.taskId).replied(answer);
  return {
    ...{ clock, seen, states, canvas },
    starts: results.starts,
    result: results.result,
    listenerOf,
    succeed: (taskId: string, value: unknown = taskId) => reply({ status: 'SUCCESS', taskId, value }),
    fail: (taskId: string, message = 'too big') => reply({ status: 'FAILURE', taskId, error: remote(message) }),
    expire: (taskId: string) => reply({ status: 'REVOKED', taskId, error: remote('expired') }),
    begin: (taskId: string) => reply({ status: 'STARTED', taskId }),
    answerStatus: (answer: QueueStatus) => {
      status = answer;
    },
  };
}

function remote(message: string) {
  return { name: 'RangeError', message, stack: undefined, code: undefined, cause: undefined };
}

/** What a wait has come to: a value, or an error. */
export const ended = (wait: Promise<unknown>): Promise<unknown> => wait.catch((error: unknown) => error);
