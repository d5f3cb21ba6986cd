import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GenerationListener } from '../../src/watch/generation.js';
import { type Supervised, Supervisor } from '../../src/watch/supervisor.js';

/** A worker's process whose life the test writes. */
class FakeGeneration implements Supervised {
  state: Supervised['state'] = 'starting';
  readonly stops: string[] = [];
  killed = false;

  constructor(
    readonly number: number,
    readonly listener: GenerationListener<Supervised>,
  ) {}

  get asked(): boolean {
    return this.stops.length > 0;
  }

  stop(kind: string, by: string): void {
    this.stops.push(`${kind} by ${by}`);
  }

  kill(): void {
    this.killed = true;
  }

  ready(): void {
    this.state = 'ready';
    this.listener.ready(this);
  }

  detached(): void {
    this.state = 'detached';
    this.listener.detached(this);
  }

  end(code = 0): void {
    this.state = 'ended';
    this.listener.ended(this, { code, signal: null });
  }
}

function supervise() {
  const made: FakeGeneration[] = [];
  const said: string[] = [];
  const say = (_fields: object, text: string) => void said.push(text);
  const supervisor = new Supervisor({
    launch: (number, listener) => {
      const generation = new FakeGeneration(number, listener);
      made.push(generation);
      return generation;
    },
    folder: '/project',
    log: { info: say, error: say },
  });
  supervisor.start();
  const generation = (number: number) => {
    const found = made[number - 1];
    if (found === undefined) throw new Error(`expected generation ${number}, found ${made.length}`);
    return found;
  };
  return { supervisor, made, said, generation };
}

const FILES = ['/project/tasks.ts'];

describe('a supervisor', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('stops the worker before only once the new one is ready, and says so once the old one takes no more', () => {
    const { supervisor, said, generation } = supervise();
    generation(1).ready();
    supervisor.changed(FILES);
    expect(generation(1).stops).toEqual([]);
    generation(2).ready();
    expect(generation(1).stops).toEqual(['warm by reload']);
    expect(said).not.toContain('reloaded: new tasks run the new code');
    generation(1).detached();
    expect(said).toContain('reloaded: new tasks run the new code');
  });

  it('starts one worker at a time in a quick series of changes, and ends with the newest code', () => {
    const { supervisor, made, generation } = supervise();
    generation(1).ready();
    supervisor.changed(FILES);
    for (let change = 0; change < 100; change++) supervisor.changed(FILES);
    expect(made.length).toBe(2);
    expect(generation(2).stops).toEqual(['warm by reload']);
    generation(2).end();
    expect(made.length).toBe(3);
    generation(3).ready();
    expect(generation(1).stops).toEqual(['warm by reload']);
  });

  it('lets a worker that became ready as it was being replaced finish what it took', () => {
    const { supervisor, made, generation } = supervise();
    supervisor.changed(FILES);
    generation(1).ready();
    expect(generation(1).stops).toEqual(['warm by reload']);
    generation(1).detached();
    expect(made.length).toBe(2);
    generation(2).ready();
    expect(generation(1).killed).toBe(false);
  });

  it('keeps the worker before when a change does not load, and tries again at the next', () => {
    const { supervisor, said, generation } = supervise();
    generation(1).ready();
    supervisor.changed(FILES);
    generation(2).end(1);
    expect(generation(1).stops).toEqual([]);
    expect(said.at(-1)).toContain('the worker before it goes on');
    supervisor.changed(FILES);
    generation(3).ready();
    expect(generation(1).stops).toEqual(['warm by reload']);
  });

  it('waits for a change when the first code does not load', () => {
    const { supervisor, said, made, generation } = supervise();
    generation(1).end(1);
    vi.runAllTimers();
    expect(said.at(-1)).toContain('no worker runs');
    expect(made.length).toBe(1);
    supervisor.changed(FILES);
    expect(made.length).toBe(2);
  });

  it('starts a worker that ended by itself again, each time after a longer wait', () => {
    const { said, made, generation } = supervise();
    const waits = [1, 2, 4, 8, 16, 30, 30];
    for (const [index, wait] of waits.entries()) {
      generation(index + 1).ready();
      generation(index + 1).end(1);
      expect(said.at(-1)).toBe(`the worker ended by itself: starts again in ${wait} s, or at a change`);
      vi.advanceTimersByTime(wait * 1_000 - 1);
      expect(made.length).toBe(index + 1);
      vi.advanceTimersByTime(1);
      expect(made.length).toBe(index + 2);
    }
    generation(waits.length + 1).ready();
    expect(said.at(-1)).toBe('started again');
    vi.advanceTimersByTime(60_001);
    generation(waits.length + 1).end(1);
    expect(said.at(-1)).toContain('again in 1 s');
  });

  it('does not wait to start a worker again once a file changes or a signal ends it all', async () => {
    const { supervisor, made, generation } = supervise();
    generation(1).ready();
    generation(1).end(1);
    supervisor.changed(FILES);
    generation(2).ready();
    vi.runAllTimers();
    expect(made.length).toBe(2);
    generation(2).end(1);
    supervisor.stop('warm', 'SIGINT');
    expect(await supervisor.finished).toBe(0);
    vi.runAllTimers();
    expect(made.length).toBe(2);
  });

  it('ends with 2 when the command line of the first is wrong, which no change mends', async () => {
    const { supervisor, generation } = supervise();
    generation(1).end(2);
    expect(await supervisor.finished).toBe(2);
  });

  it('stops all that lives, starts nothing more, and ends with 0 when all ended with 0', async () => {
    const { supervisor, made, generation } = supervise();
    generation(1).ready();
    supervisor.changed(FILES);
    generation(2).ready();
    supervisor.changed(FILES);
    supervisor.stop('warm', 'SIGINT');
    supervisor.stop('cold', 'SIGTERM');
    supervisor.changed(FILES);
    expect(generation(3).stops).toEqual(['warm by SIGINT', 'cold by SIGTERM']);
    for (const one of made) one.end();
    expect(made.length).toBe(3);
    expect(await supervisor.finished).toBe(0);
  });

  it('ends with 1 when a worker that was stopped ended with something else', async () => {
    const { supervisor, generation } = supervise();
    generation(1).ready();
    supervisor.stop('warm', 'SIGINT');
    generation(1).end(1);
    expect(await supervisor.finished).toBe(1);
  });
});
