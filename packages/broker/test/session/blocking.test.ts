import { describe, expect, it } from 'vitest';
import { MemoryGauge } from '../../src/model/memory-gauge.js';
import { Blocking } from '../../src/session/blocking.js';
import { ChannelScene } from './channel-scene.js';

/** A connection that may be blocked, what it was told, and how often its reading was looked at anew. */
function scene(told = true) {
  const all = new ChannelScene();
  const memory = new MemoryGauge(10_000);
  let changes = 0;
  const host = {
    output: all.output,
    blockedChanged: () => {
      changes += 1;
    },
  };
  return { all, memory, blocking: new Blocking(memory, told, host), changes: () => changes };
}

describe('a memory alarm', () => {
  it('blocks a connection when it publishes, and tells it once', () => {
    const { all, memory, blocking, changes } = scene();
    blocking.published();
    memory.add(20_000);
    expect([blocking.blocked, all.said()]).toEqual([false, []]);
    for (let count = 0; count < 3; count++) blocking.published();
    expect([blocking.blocked, changes(), all.said()]).toEqual([true, 1, ['connection.blocked']]);
  });

  it('ends for a connection that was blocked', () => {
    const { all, memory, blocking, changes } = scene();
    memory.add(20_000);
    blocking.published();
    memory.remove(20_000);
    expect([blocking.blocked, changes(), all.said()]).toEqual([
      false,
      2,
      ['connection.blocked', 'connection.unblocked'],
    ]);
  });

  it('goes unnoticed by a connection that does not publish', () => {
    const { all, memory, changes } = scene();
    memory.add(20_000);
    memory.remove(20_000);
    expect([changes(), all.said()]).toEqual([0, []]);
  });

  it('blocks a client that does not know the method, without a word', () => {
    const { all, memory, blocking, changes } = scene(false);
    memory.add(20_000);
    blocking.published();
    memory.remove(20_000);
    expect([changes(), all.said()]).toEqual([2, []]);
  });

  it('is none of the business of a connection that has ended', () => {
    const { all, memory, blocking, changes } = scene();
    memory.add(20_000);
    blocking.published();
    blocking.stop();
    memory.remove(20_000);
    expect([changes(), all.said()]).toEqual([1, ['connection.blocked']]);
  });
});
