import fc from 'fast-check';
import type { Lazy, Step } from '../../../src/protocol/canvas/wire-step.js';
import { chain, chord, group, task } from './canvases.js';

/** The form of a canvas, before its tasks have ids. */
type Form =
  | { kind: 'task'; bound: string; immutable: boolean; link: Form[]; linkError: Form[] }
  | { kind: 'group' | 'chain'; steps: Form[] }
  | { kind: 'chord'; header: Form[]; body: Form };

const { form } = fc.letrec<{ form: Form; leaf: Form }>((tie) => ({
  leaf: fc.record({
    kind: fc.constant('task' as const),
    bound: fc.constantFrom('[]', '[1]', '["x",{"y":[2]}]'),
    immutable: fc.boolean(),
    link: fc.constant([]),
    linkError: fc.constant([]),
  }),
  form: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: tie('leaf') },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('task' as const),
        bound: fc.constant('[]'),
        immutable: fc.constant(false),
        link: fc.array(tie('form'), { maxLength: 2 }),
        linkError: fc.array(tie('leaf'), { maxLength: 2 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('group' as const), steps: fc.array(tie('form'), { maxLength: 3 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('chain' as const),
        steps: fc.array(tie('form'), { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('chord' as const),
        header: fc.array(tie('form'), { maxLength: 3 }),
        body: tie('form'),
      }),
    },
  ),
}));

/** Random canvases, all of whose steps have ids: what they nest, bind, link and take of what came before is random. */
export const canvases = form.map((root) => withIds(root));

function withIds(root: Form): Step {
  let count = 0;
  const build = (form: Form): Step => {
    const id = String(++count);
    switch (form.kind) {
      case 'task': {
        const { bound: args, immutable } = form;
        return task('t', { id, args, immutable, link: form.link.map(build), linkError: form.linkError.map(build) });
      }
      case 'group':
        return group(id, ...form.steps.map(build));
      case 'chain':
        return chain(...form.steps.map(build));
      case 'chord':
        return chord(id, form.header.map(build), build(form.body));
    }
  };
  return build(root);
}

/** The ids of all tasks. */
export function tasksIn(lazy: Lazy): string[] {
  const step = lazy as Step;
  switch (step.kind) {
    case 'task':
      return [step.id as string, ...[...step.link, ...step.linkError].flatMap(tasksIn)];
    case 'chord':
      return [...step.header, step.body].flatMap(tasksIn);
    default:
      return step.tasks.flatMap(tasksIn);
  }
}
