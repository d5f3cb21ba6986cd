import { describe, expect, it } from 'vitest';
import { Heartbeat } from '../../src/session/heartbeat.js';
import { ManualClock } from '../manual-clock.js';

/** Heartbeats every 10 s on a connection that a test speaks for. */
function scene() {
  const clock = new ManualClock();
  const events: string[] = [];
  const traffic = { written: false, read: false };
  const take = (what: keyof typeof traffic) => {
    const found = traffic[what];
    traffic[what] = false;
    return found;
  };
  const heartbeat = new Heartbeat(10, clock, {
    takeWritten: () => take('written'),
    takeRead: () => take('read'),
    send: () => events.push('sent'),
    silent: () => events.push('silent'),
  });
  heartbeat.start();
  return { clock, events, traffic, heartbeat };
}

describe('heartbeats', () => {
  it('are sent every half of the interval while nothing else is written', () => {
    const { clock, events, traffic } = scene();
    for (let half = 0; half < 4; half++) {
      traffic.read = true;
      traffic.written = half === 1;
      clock.advance(5_000);
    }
    expect(events).toEqual(['sent', 'sent', 'sent']);
  });

  it('make a client count as gone that was silent for two intervals', () => {
    const { clock, events, traffic } = scene();
    traffic.written = true;
    clock.advance(19_999);
    expect(events).not.toContain('silent');
    clock.advance(1);
    expect(events).toContain('silent');
  });

  it('let a client live that says something now and then', () => {
    const { clock, events, traffic } = scene();
    for (let count = 0; count < 10; count++) {
      traffic.read = true;
      clock.advance(15_000);
    }
    expect(events).not.toContain('silent');
  });

  it('do not count the silence of a client that is not listened to, nor what came before', () => {
    const { clock, events, heartbeat } = scene();
    clock.advance(15_000);
    heartbeat.paused = true;
    clock.advance(100_000);
    heartbeat.paused = false;
    clock.advance(15_000);
    expect(events).not.toContain('silent');
    clock.advance(5_000);
    expect(events).toContain('silent');
  });

  it('leave no timer behind', () => {
    const { clock, events, heartbeat } = scene();
    clock.advance(5_000);
    heartbeat.stop();
    expect([clock.timerCount, events]).toEqual([0, ['sent']]);
  });
});
