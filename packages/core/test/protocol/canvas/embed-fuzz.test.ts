import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TqError } from '../../../src/errors.js';
import { afterFailedJoin, afterFailure, afterJoin, afterSuccess } from '../../../src/protocol/canvas/after.js';
import { embedText, NO_EMBED, readEmbed } from '../../../src/protocol/canvas/embed.js';
import { bodyTextOf, type Expansion } from '../../../src/protocol/canvas/expand.js';
import { memberOf } from '../../../src/protocol/canvas/member.js';
import { textOf } from '../../../src/protocol/canvas/wire-step.js';

const FIELDS = [
  ...['task', 'args', 'kwargs', 'options', 'subtask_type', 'immutable', 'tasks', 'header', 'body', 'chord_size'],
  ...['task_id', 'queue', 'exchange', 'routing_key', 'priority', 'reply_to', 'ignore_result', 'headers', 'time_limit'],
  ...[
    'countdown',
    'eta',
    'expires',
    'group_id',
    'group_index',
    'chord',
    'link',
    'link_error',
    'tq-shape',
    'tq-failure',
  ],
  ...['callbacks', 'errbacks', 'chain', '__proto__', 'tq-retry'],
];
const NAMES = ['celery.chain', 'celery.group', 'celery.chord', 'tasks.add', '', '2026-01-01T00:00:00Z'];

/** JSON whose keys are mostly those of a canvas, each with what may or may not belong there. */
const plain = fc.oneof(fc.constantFrom(null, true, 0, 1, -1, 2.5, 1e300, ...NAMES), fc.string({ maxLength: 4 }));
const table = (member: fc.Arbitrary<unknown>) => fc.dictionary(fc.constantFrom(...FIELDS), member, { maxKeys: 3 });
const wild = fc.oneof(plain, table(plain), fc.array(table(fc.oneof(plain, table(plain))), { maxLength: 2 }));
const mostly = (likely: fc.Arbitrary<unknown>) => fc.oneof({ weight: 30, arbitrary: likely }, wild);

const stepOf = (depth: number): fc.Arbitrary<unknown> => {
  const inner = depth === 0 ? wild : stepOf(depth - 1);
  const inners = mostly(fc.array(inner, { maxLength: 2 }));
  const kwargs = fc.record({ tasks: inners, header: inners, body: inner }, { requiredKeys: [] });
  const options = fc.record({ chord: inner, link: inners, link_error: inners }, { requiredKeys: [] });
  return fc.record(
    {
      task: mostly(fc.constantFrom(...NAMES.slice(0, 4))),
      args: mostly(fc.array(plain, { maxLength: 2 })),
      kwargs: mostly(kwargs),
      options: fc.oneof(mostly(options), table(plain)),
      chord_size: fc.constantFrom(0, 1, 2, null),
      immutable: fc.boolean(),
    },
    { requiredKeys: ['task'] },
  );
};
const step = stepOf(2);
const steps = mostly(fc.array(step, { maxLength: 2 }));
const embed = fc.record(
  { callbacks: steps, errbacks: steps, chain: steps, chord: fc.oneof(mostly(step), fc.constant(null)) },
  { requiredKeys: [] },
);

it('whatever stands after a task, all that is made of it is made, or refused as poison', () => {
  let made = 0;
  const attempt = (act: () => Expansion) => {
    try {
      for (const call of act().calls) {
        JSON.parse(`[${bodyTextOf(call, 'tq')},${embedText(call.embed, 'celery') ?? 1},${textOf(call.step)}]`);
        made++;
      }
    } catch (error) {
      expect(error).toBeInstanceOf(TqError);
      expect(error).toMatchObject({ code: 'poison', message: expect.stringMatching(/expected .* found /) });
    }
  };
  const whole = fc.tuple(fc.constant([]), fc.constant({}), mostly(embed));
  const id = 'a';
  fc.assert(
    fc.property(whole, (body) => {
      const text = JSON.stringify(body);
      const read = () => readEmbed(text) ?? NO_EMBED;
      attempt(() => afterSuccess(read(), { id, resultText: '1' }));
      attempt(() => afterFailure(read(), { id, failureText: '{}' }).errbacks);
      const member = () => memberOf(read(), { id, task: 't', group: { id: 'g', index: 0 } });
      attempt(() => optional(member(), (is) => afterJoin(is, new Map())));
      attempt(() => optional(member(), (is) => afterFailedJoin(is, { id, failureText: '{}' }).errbacks));
    }),
    { seed: 5, numRuns: 400, endOnFailure: true },
  );
  // What is random is near enough to what is right.
  expect(made).toBeGreaterThan(50);
});

function optional<T>(value: T | undefined, act: (value: T) => Expansion): Expansion {
  return value === undefined ? { calls: [], chords: [] } : act(value);
}
