import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStderrLogger } from '../src/runtime.js';
import { ManualClock } from '../src/testing/manual-clock.js';

describe('createStderrLogger', () => {
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
    vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  });
  afterEach(() => void vi.restoreAllMocks());

  const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const logger = () => createStderrLogger('info', new ManualClock(1_000));

  it('writes lines of JSON from its level on, errors described', () => {
    logger().debug({}, 'unseen');
    logger().error({ err: Object.assign(new TypeError('bad'), { code: 'E_BAD' }), n: 1 }, 'seen');
    expect(logged()).toEqual([
      {
        level: 50,
        time: 1_000,
        pid: process.pid,
        err: { type: 'TypeError', message: 'bad', stack: expect.stringContaining('bad'), code: 'E_BAD' },
        n: 1,
        msg: 'seen',
      },
    ]);
  });

  it('writes the line whatever the fields are', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    logger().info({ big: 2n ** 64n }, 'a bigint');
    logger().info({ cycle }, 'a cycle');
    expect(logged()).toMatchObject([
      { big: '18446744073709551616', msg: 'a bigint' },
      { level: 30, msg: 'a cycle' },
    ]);
  });
});
