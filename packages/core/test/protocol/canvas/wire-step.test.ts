import { describe, expect, it } from 'vitest';
import { chordText, stepOf, type TaskStep, textOf } from '../../../src/protocol/canvas/wire-step.js';
import { chain, chord, group, task } from './canvases.js';

const reread = (text: string) => stepOf(text) as TaskStep;

describe('a task step', () => {
  it('is Celery’s signature on the wire', () => {
    const step = task('tasks.add', { id: 'i1', args: '[1]', kwargs: '{"k":2}', immutable: true });
    expect(JSON.parse(textOf(step))).toEqual({
      task: 'tasks.add',
      args: [1],
      kwargs: { k: 2 },
      options: { task_id: 'i1' },
      subtask_type: null,
      immutable: true,
    });
    expect(reread(textOf(step))).toEqual(step);
  });

  it('carries its options, times in seconds', () => {
    const options = {
      ...{ queue: 'p.q', exchange: '', routingKey: 'k', priority: 3, replyTo: 'r', ignoreResult: true },
      ...{ headers: { a: 1 }, retry: { maxRetries: 2 }, onFailure: { task: 'f', queue: 'p.f' } },
      ...{ limits: { timeLimit: 1_500, softTimeLimit: 1_000 }, countdown: 2_500, eta: 86_400_000, expiresIn: 60_000 },
      takesFailure: true,
    };
    const text = textOf(task('a', { options }));
    expect(JSON.parse(text).options).toEqual({
      ...{
        task_id: 'a',
        queue: 'p.q',
        exchange: '',
        routing_key: 'k',
        priority: 3,
        reply_to: 'r',
        ignore_result: true,
      },
      headers: { a: 1, 'tq-retry': { maxRetries: 2 }, 'tq-on-failure': { task: 'f', queue: 'p.f' } },
      ...{ time_limit: 1.5, soft_time_limit: 1, countdown: 2.5, eta: '1970-01-02T00:00:00.000Z', expires: 60 },
      'tq-failure': true,
    });
    expect(reread(text).options).toEqual(options);
  });

  it('carries its place in a chord, and what is linked to it', () => {
    const step = task('a', {
      group: { id: 'g', index: 1 },
      chord: { body: task('z'), size: 2, shape: [[0], 1] },
      link: [task('l')],
      linkError: [task('e')],
    });
    const { options } = JSON.parse(textOf(step));
    expect(options).toMatchObject({ group_id: 'g', group_index: 1, chord: { task: 'z', chord_size: 2 } });
    expect(options.chord.options).toEqual({ task_id: 'z', 'tq-shape': [[0], 1] });
    const { group: place, chord: of, link, linkError } = reread(textOf(step));
    expect([place, of?.size, of?.shape]).toEqual([{ id: 'g', index: 1 }, 2, [[0], 1]]);
    expect([of?.body, link[0], linkError[0]].map((lazy) => lazy && stepOf(lazy))).toEqual([
      ...[task('z'), task('l'), task('e')],
    ]);
  });

  it('keeps a chord’s text as it came, so that all its members say the same', () => {
    const body = '{"task": "z", "chord_size": 2, "new": 1}';
    const step = reread(`{"task":"a","options":{"group_id":"g","group_index":0,"chord":${body}}}`);
    expect(step.chord && chordText(step.chord)).toBe(body);
  });

  it('is in no chord yet whose members nobody has counted', () => {
    const step = reread('{"task":"a","options":{"task_id":"i","group_index":0,"chord":{"task":"z"}}}');
    expect(step).toMatchObject({ id: 'i', options: {} });
    expect([step.group, step.chord]).toEqual([undefined, undefined]);
  });

  it('needs no more than a name, and null says nothing', () => {
    const nothing = { args: '[]', kwargs: '{}', immutable: false, options: {}, link: [], linkError: [] };
    expect(stepOf('{"task":"a"}')).toEqual({ kind: 'task', task: 'a', id: undefined, ...nothing });
    const nulls = '{"task":"a","args":null,"kwargs":null,"options":{"queue":null,"link":null,"chord":null,"eta":null}}';
    expect(stepOf(nulls)).toEqual({ kind: 'task', task: 'a', id: undefined, ...nothing });
  });

  it('leaves arguments and what it does not know as they came', () => {
    const text =
      '{"task": "a", "args": [18446744073709551616, {"__type__": "uuid"}], "kwargs": {"k": 1e400}, "options": {"shadow": "s", "root_id": "r"}}';
    const step = reread(text);
    expect(step).toMatchObject({ args: '[18446744073709551616, {"__type__": "uuid"}]', kwargs: '{"k": 1e400}' });
    expect(textOf(step)).toContain('"options":{"shadow":"s","root_id":"r"}');
  });
});

describe('a step of steps', () => {
  it('is Celery’s chain, group or chord on the wire', () => {
    const steps = [
      chain(task('a'), task('b')),
      group('g', task('a'), chain(task('b'), task('c'))),
      chord('g', [task('a')], task('z')),
    ];
    for (const step of steps) expect(JSON.parse(textOf(reread(textOf(step))))).toEqual(JSON.parse(textOf(step)));
    const [first, second, third] = steps.map((step) => JSON.parse(textOf(step)));
    expect(first).toMatchObject({ task: 'celery.chain', subtask_type: 'chain', kwargs: { tasks: [{}, {}] } });
    expect(second).toMatchObject({ task: 'celery.group', subtask_type: 'group', options: { task_id: 'g' } });
    expect(third.kwargs).toMatchObject({
      header: { task: 'celery.group', options: { task_id: 'g' } },
      body: { task: 'z' },
    });
  });

  it('may have its header as a list, as Python’s has', () => {
    const text = `{"task":"celery.chord","kwargs":{"header":[${textOf(task('a'))}],"body":${textOf(task('z'))},"kwargs":{}}}`;
    expect(stepOf(text)).toEqual({
      kind: 'chord',
      id: undefined,
      header: [textOf(task('a'))],
      body: textOf(task('z')),
    });
  });

  it('hands on what Python linked to a chain: the callback to the last step, the errback to each', () => {
    const text = `{"task":"celery.chain","kwargs":{"tasks":[{"task":"a"},{"task":"b"}]},"options":{"link":[{"task":"l"}],"link_error":[{"task":"e"}]}}`;
    expect(stepOf(text)).toMatchObject({
      tasks: [
        { task: 'a', link: [], linkError: ['{"task":"e"}'] },
        { task: 'b', link: ['{"task":"l"}'], linkError: ['{"task":"e"}'] },
      ],
    });
  });
});

describe('what is no step', () => {
  it.each([
    ['7', 'expected an object as step of a canvas'],
    ['{}', 'as task of a step, found none'],
    ['{"task":7}', 'expected text as task of a step, found 7'],
    ['{"task":""}', 'as task of a step'],
    ['{"task":"a","args":{}}', 'expected a list as args of a step'],
    ['{"task":"a","kwargs":[]}', 'expected an object as kwargs of a step'],
    ['{"task":"a","options":[]}', 'expected an object as options of a step'],
    ['{"task":"a","options":{"task_id":7}}', 'as task_id of a step'],
    [`{"task":"a","options":{"task_id":"${'x'.repeat(256)}"}}`, 'as task_id of a step'],
    ['{"task":"a","options":{"priority":1.5}}', 'expected a whole number from 0 to 255 as option priority of a step'],
    ['{"task":"a","options":{"countdown":"1"}}', 'expected a number of seconds as option countdown'],
    ['{"task":"a","options":{"time_limit":-1}}', 'as option time_limit'],
    ['{"task":"a","options":{"eta":"soon"}}', 'expected an ISO 8601 time as option eta'],
    ['{"task":"a","options":{"queue":{}}}', 'as option queue'],
    ['{"task":"a","options":{"headers":[]}}', 'as option headers'],
    ['{"task":"a","options":{"headers":{"tq-retry":7}}}', 'as option headers.tq-retry'],
    ['{"task":"a","options":{"link":7}}', 'expected a list as link'],
    [
      '{"task":"a","options":{"chord":{"task":"b","chord_size":1.5}}}',
      'expected a whole number from 0 on as chord_size',
    ],
    ['{"task":"a","options":{"chord":{"task":"b","chord_size":1,"options":{"tq-shape":[1]}}}}', 'as shape of a chord'],
    ['{"task":"celery.chain"}', 'expected a list as tasks of a chain'],
    ['{"task":"celery.chord","kwargs":{"header":[]}}', 'expected a step as body of a chord'],
  ])('%s is poison that says why', (text, why) => {
    expect(() => stepOf(text)).toThrow(
      expect.objectContaining({ code: 'poison', message: expect.stringContaining(why) }),
    );
  });
});
