import { CELERY_TASK } from '../names.js';
import { type JsonText, listText } from './json-text.js';
import type { TaskStep } from './wire-step.js';

/**
 * Celery's collector: a task whose result is the first value that it is called with.
 * @param value what it gives; where there is none, the result of what comes before it
 */
export function collectorOf(value?: JsonText): TaskStep {
  return {
    kind: 'task',
    task: CELERY_TASK.accumulate,
    id: undefined,
    args: value === undefined ? '[]' : listText([value]),
    kwargs: '{"index":0}',
    immutable: value !== undefined,
    options: {},
    link: [],
    linkError: [],
  };
}
