import fc from 'fast-check';
import { expect, it } from 'vitest';
import { textOf } from '../../../src/protocol/canvas/wire-step.js';
import { derivedId } from '../../../src/protocol/derived-id.js';
import { evaluate } from './evaluate.js';
import { canvases, tasksIn } from './random-canvas.js';
import { type Handler, simulate } from './simulate.js';

const presets = fc.constantFrom('tq' as const, 'celery' as const);
/** Short, and of other arguments another one. */
const handler: Handler = (id, args) => JSON.stringify(`${id}-${derivedId(args).slice(0, 8)}`);

it('a canvas that workers run step by step runs each task once, with what a direct evaluation gives it', () => {
  fc.assert(
    fc.property(canvases, presets, fc.boolean(), (canvas, preset, asText) => {
      const { runs, open } = simulate(asText ? textOf(canvas) : canvas, handler, preset);
      expect(runs).toEqual(evaluate(canvas, handler));
      expect(open).toEqual([]);
    }),
    { seed: 22, numRuns: 600 },
  );
});

it('where tasks fail, no chord stays open, nothing runs that needs them, and errbacks run once', () => {
  fc.assert(
    fc.property(canvases, presets, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (canvas, preset, picks) => {
      const ids = tasksIn(canvas);
      const failing = new Set(picks.map((pick) => ids[pick % ids.length]));
      const failingHandler: Handler = (id, args) => (failing.has(id) ? undefined : handler(id, args));
      const { runs, open } = simulate(canvas, failingHandler, preset);
      expect(runs).toEqual(evaluate(canvas, failingHandler));
      expect(open).toEqual([]);
    }),
    { seed: 23, numRuns: 600 },
  );
});
