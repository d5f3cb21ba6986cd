import { describe, expect, it } from 'vitest';
import { Companions } from '../../src/execution/companions.js';
import { Run } from '../../src/run.js';
import { FakeDelivery, taskMessage } from '../messages.js';

/** Deliveries of one channel. */
function channel() {
  const lease = { alive: true };
  const run = (index: number, id = 'g') => {
    const delivery = Object.assign(new FakeDelivery([]), { lease });
    return new Run(taskMessage({ id: `${id}-${index}`, group: { id, index } }), 'math', delivery);
  };
  return { lease, run };
}

describe('the members of a group that are in one worker', () => {
  it('leave the look to those that have yet to reply, and the last of them has it', () => {
    const { run } = channel();
    const companions = new Companions();
    const runs = [run(0), run(1), run(2)];
    for (const one of runs) companions.add(one);
    companions.add(run(3, 'other'));
    expect(runs.map((one) => companions.areLeftBy(one, 'g'))).toEqual([true, true, false]);
  });

  it('do not count when they have left without a reply', () => {
    const { run } = channel();
    const companions = new Companions();
    const [one, two] = [run(0), run(1)];
    companions.add(one);
    companions.add(two);
    companions.remove(two);
    expect(companions.areLeftBy(one, 'g')).toBe(false);
  });

  it('do not count when another channel holds them: the broker may have given them to others', () => {
    const companions = new Companions();
    const [one, two] = [channel().run(0), channel().run(1)];
    companions.add(one);
    companions.add(two);
    expect(companions.areLeftBy(one, 'g')).toBe(false);
  });

  it('do not count when their channel is gone', () => {
    const { run, lease } = channel();
    const companions = new Companions();
    const [one, two] = [run(0), run(1)];
    companions.add(one);
    companions.add(two);
    lease.alive = false;
    expect(companions.areLeftBy(one, 'g')).toBe(false);
  });

  it('look for a task that never ran, unless a member of its chord has yet to', () => {
    const { run } = channel();
    const companions = new Companions();
    const [own, other] = [run(0, 'own'), run(0)];
    companions.add(own);
    companions.add(other);
    expect(companions.areLeftBy(own, 'g')).toBe(true);
    companions.remove(other);
    expect(companions.areLeftBy(own, 'g')).toBe(false);
    expect(companions.areLeftBy({ alive: true }, 'own')).toBe(false);
  });
});
