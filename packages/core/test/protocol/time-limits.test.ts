import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeCeleryEnvelope, encodeEnvelope } from '../../src/protocol/envelope.js';
import { encodeBody } from '../../src/protocol/task-body.js';
import { decodeTimeLimits, encodeTimeLimits } from '../../src/protocol/time-limits.js';
import { decodeFrames, encodeFrames } from './amqp-frames.js';
import { readFixture } from './celery-fixtures.js';
import { inbound } from './inbound.js';

const NONE = { timeLimit: undefined, softTimeLimit: undefined };
const call = {
  id: 'i1',
  task: 'tasks.add',
  rootId: 'i1',
  parentId: undefined,
  priority: undefined,
  ignoreResult: false,
  headers: undefined,
  bodyText: encodeBody([], 'tq'),
};

describe("Celery's header timelimit", () => {
  it.each([
    [{ timeLimit: 30_000, softTimeLimit: 25_000 }, [30, 25]],
    [{ timeLimit: 300, softTimeLimit: undefined }, [0.3, null]],
    [{ timeLimit: undefined, softTimeLimit: 1 }, [null, 0.001]],
  ])('is hard, then soft, in seconds: %o', (limits, header) => {
    for (const encoded of [encodeEnvelope, encodeCeleryEnvelope].map((encode) =>
      encode({ ...call, limits }, 'r', 'o'),
    )) {
      expect(encoded.properties.headers?.timelimit).toEqual(header);
      expect(decodeEnvelope(decodeFrames(encodeFrames(encoded, 'q'))).limits).toEqual(limits);
    }
  });

  it('is left out when there are none, and sent as Python sends it with the preset celery', () => {
    expect(encodeEnvelope(call, 'r').properties.headers).not.toHaveProperty('timelimit');
    const python = readFixture('py-client-request-add').properties.headers?.timelimit;
    expect(encodeCeleryEnvelope(call, 'r', 'o').properties.headers?.timelimit).toEqual(python);
    expect(decodeTimeLimits(python)).toEqual(NONE);
  });

  it('carries every whole number of milliseconds', () => {
    const ms = fc.option(fc.integer({ min: 1, max: 2 ** 45 }), { nil: undefined });
    fc.assert(
      fc.property(ms, ms, (timeLimit, softTimeLimit) => {
        const limits = { timeLimit, softTimeLimit };
        expect(decodeTimeLimits(encodeTimeLimits(limits))).toEqual(limits);
      }),
    );
  });

  it.each([
    [undefined, NONE],
    [null, NONE],
    [[0, 0], NONE],
    [[10, null], { timeLimit: 10_000, softTimeLimit: undefined }],
    [[0.0001, 0], { timeLimit: 1, softTimeLimit: undefined }],
  ])('of %j says the same as to a Python worker', (header, limits) => {
    expect(decodeEnvelope(inbound({}, { timelimit: header })).limits).toEqual(limits);
  });

  it.each([
    [[]],
    [[1]],
    [[1, 2, 3]],
    [['1', null]],
    [[-1, null]],
    [[null, Number.NaN]],
    [[1e300, 1]],
    [7],
    ['7'],
    [{}],
  ])('of %j, which ends a Python worker, is poison', (header) => {
    expect(() => decodeEnvelope(inbound({}, { timelimit: header }))).toThrow(
      expect.objectContaining({ code: 'poison', message: expect.stringContaining('[hard, soft] in seconds') }),
    );
  });
});
