import { describe, expect, it } from 'vitest';
import { embedText, NO_EMBED, readEmbed, readEmbedText } from '../../../src/protocol/canvas/embed.js';
import { embedRepliedTo } from '../../../src/protocol/canvas/reply-to.js';
import { MAX_NESTING } from '../../../src/protocol/canvas/shape.js';
import { type Step, textOf } from '../../../src/protocol/canvas/wire-step.js';
import { encodeBody } from '../../../src/protocol/task-body.js';
import { chain, chord, group, task } from './canvases.js';

describe('readEmbed', () => {
  it.each([
    encodeBody([1, { a: '},{}]' }], 'tq'),
    encodeBody([1], 'celery'),
    '[[1], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]',
    '[[3, 10], {}, {"callbacks": null, "errbacks": null, "chain": [], "chord": null}]',
    '[[1], {}, null]',
    '[[1],{},{"chord":null,"callbacks":[]}]',
  ])('finds nothing after %s', (text) => {
    expect(readEmbed(text)).toBeUndefined();
  });

  it('finds what Python’s producer wrote', () => {
    const text =
      '[[1, 2], {}, {"callbacks": null, "errbacks": null, "chain": [{"task": "tasks.add", "args": [10], "kwargs": {}, "options": {"task_id": "i2", "reply_to": "r"}, "subtask_type": null, "immutable": false}], "chord": null}]';
    expect(readEmbed(text)).toMatchObject({
      callbacks: [],
      errbacks: [],
      chord: undefined,
      chain: [expect.any(String)],
    });
  });

  it('reads what embedText wrote', () => {
    const embed = {
      callbacks: [task('c')],
      errbacks: [task('e')],
      chain: [task('z'), task('b')],
      chord: { body: task('y'), size: 2, shape: undefined },
    };
    for (const preset of ['tq', 'celery'] as const) {
      const read = readEmbed(`[["x"],{},${embedText(embed, preset)}]`);
      expect({ ...read, chord: undefined }).toEqual({
        callbacks: embed.callbacks.map(textOf),
        errbacks: embed.errbacks.map(textOf),
        chain: embed.chain.map(textOf),
        chord: undefined,
      });
      expect(read?.chord).toMatchObject({ size: 2, shape: undefined });
    }
  });

  it.each([
    ['[[],{},7]', 'expected an object or null as embed, found 7'],
    ['[[],{},[]]', 'expected an object or null as embed, found a list'],
    ['[[],{},{"chain":{}}]', 'expected a list as chain, found object'],
    ['[[],{},{"callbacks":"x"}]', 'expected a list as callbacks'],
    ['[[],{},{"chord":[]}]', 'expected an object as body of a chord, found a list'],
    ['[[],{},{"chain":[}]', 'expected JSON as embed'],
    ['{}', 'expected a list as body'],
  ])('says of %s why it is none', (text, why) => {
    expect(() => readEmbed(text)).toThrow(
      expect.objectContaining({ code: 'poison', message: expect.stringContaining(why) }),
    );
  });

  it('refuses steps that stand in one another without end', () => {
    const nested = (levels: number) => {
      let step: Step = task('a');
      for (let level = 0; level < levels; level++) step = level % 2 ? chain(step) : group('g', step);
      return `[[],{},${embedText({ ...NO_EMBED, chain: [step] }, 'tq')}]`;
    };
    expect(readEmbed(nested(MAX_NESTING - 2))).toBeDefined();
    expect(() => readEmbed(nested(MAX_NESTING))).toThrow('steps of at most 100 levels');
  });
});

describe('embedText', () => {
  it('leaves out what is not there, or says null where Python looks', () => {
    const embed = { ...NO_EMBED, chain: [task('b')] };
    expect(embedText(embed, 'tq')).toBe(`{"chain":[${textOf(task('b'))}]}`);
    expect(embedText(embed, 'celery')).toBe(
      `{"callbacks":null,"errbacks":null,"chain":[${textOf(task('b'))}],"chord":null}`,
    );
    expect(embedText(NO_EMBED, 'celery')).toBeUndefined();
  });
});

describe('embedRepliedTo', () => {
  it('writes the address into every step that has none', () => {
    const mine = task('m', { options: { replyTo: 'other' } });
    const nested = task('n', { link: [task('l')], linkError: [task('e')] });
    const embed = {
      ...{
        callbacks: [nested],
        errbacks: [task('f')],
        chain: [group('g', mine), chain(task('b'), chord('c', [task('h')], task('y')))],
      },
      chord: { body: task('z'), size: 1, shape: undefined },
    };
    const text = embedRepliedTo(embedText(embed, 'celery') ?? '', 'r');
    expect(text.match(/"task":"(?!celery)/g)).toHaveLength(9);
    expect(text.match(/"reply_to":"r"/g)).toHaveLength(8);
    expect(text.match(/"reply_to":"other"/g)).toHaveLength(1);
    expect(readEmbedText(text).chord?.size).toBe(1);
  });
});
