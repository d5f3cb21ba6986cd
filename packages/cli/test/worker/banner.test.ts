import { createApp } from '@tq/core';
import { createWorker, type WorkerOptions } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { describeWorker, formatBanner } from '../../src/worker/banner.js';

const URL_WITH_PASSWORD = 'amqp://ada:secret@broker:5672/prod';

function facts(options: WorkerOptions) {
  const app = createApp({ url: URL_WITH_PASSWORD, prefix: 'p.' });
  const worker = createWorker(app, { tasks: ['/app/tasks.js'], hostname: 'w1', ...options });
  const tasks = [
    { name: 'fib', queue: 'tq' },
    { name: 'mail.send', queue: 'mail' },
  ];
  return describeWorker(worker, { app, file: '/app/tasks.js', tasks });
}

describe('the banner of a worker', () => {
  it('shows broker without password, queues with slots, tasks, pool and slots', () => {
    const text = formatBanner(facts({ queues: { tq: undefined, mail: 2 }, concurrency: 3 }), '1.2.3');
    expect(text.split('\n')).toEqual([
      'tq 1.2.3 worker w1',
      '  broker  amqp://ada@broker:5672/prod',
      '  prefix  p.',
      '  queues  tq (3 slots), mail (2 slots)',
      '  tasks   fib, mail.send from /app/tasks.js',
      '  pool    thread, 5 slots',
    ]);
  });

  it('says which queues are for long tasks', () => {
    expect(facts({ queues: { tq: undefined, mail: 2 }, longTasks: ['mail'] }).queues).toEqual([
      'tq (4 slots)',
      'mail (2 slots, long tasks)',
    ]);
  });

  it('says how many deliveries can wait when queues share slots or the prefetch is multiplied', () => {
    const notes = (options: WorkerOptions) => facts({ ...options, concurrency: 4 }).notes.join('\n');
    expect(notes({ queues: ['tq', 'mail', 'x'] })).toContain('3 queues share slots: at most 8 deliveries wait');
    expect(notes({ queues: { tq: 2, mail: undefined }, prefetchMultiplier: 3 })).toContain(
      'the prefetch multiplier is 3: at most 12 deliveries wait',
    );
    expect(notes({ queues: ['tq', 'mail'] })).toContain('at most 4 deliveries wait');
    expect(notes({ queues: { tq: 1, mail: 1 } })).not.toContain('wait here');
  });

  it('advises the async pool where many threads are asked for', () => {
    const advised = (options: WorkerOptions) => facts(options).notes.some((note) => note.includes('--pool async'));
    expect(advised({ concurrency: 16 })).toBe(false);
    expect(advised({ concurrency: 17 })).toBe(true);
    expect(advised({ queues: { tq: 10, mail: 10 } })).toBe(true);
    expect(advised({ concurrency: 100, pool: 'async' })).toBe(false);
  });

  it('doubts a queue that no task goes to, where one of nearly that name is not consumed', () => {
    expect(facts({ queues: ['mial', 'tq', 'other'], concurrency: 1 }).notes).toContain(
      "no task of this file goes to queue 'mial': did you mean 'mail'?",
    );
    expect(facts({ queues: ['mail', 'mails', 'tq'] }).notes.join()).not.toContain('did you mean');
  });

  it('shows what it subscribes to, which has a prefetch of its own, apart from tasks and queues', () => {
    const app = createApp({ url: URL_WITH_PASSWORD });
    const tasks = [
      { name: 'fib', queue: 'tq' },
      { name: 'on:orders.*@mail', queue: 'tq.group.mail.orders.*', subscription: true as const },
    ];
    const banner = (options: WorkerOptions) => {
      const worker = createWorker(app, { tasks: ['/app/tasks.js'], hostname: 'w1', ...options });
      return formatBanner(describeWorker(worker, { app, file: '/app/tasks.js', tasks }), '1.2.3')
        .split('\n')
        .slice(2);
    };
    expect(banner({ concurrency: 3 })).toEqual([
      '  queues      tq (3 slots)',
      '  tasks       fib from /app/tasks.js',
      '  subscribes  on:orders.*@mail',
      '  pool        thread, 3 slots',
      '  note        1 subscription shares these slots: at most 3 deliveries of them wait here unstarted',
    ]);
    expect(banner({ queues: [], concurrency: 2, subscriptions: false }).slice(0, 2)).toEqual([
      '  tasks   fib from /app/tasks.js',
      '  pool    thread, 2 slots',
    ]);
  });

  it('names tasks whose queue is not consumed', () => {
    expect(facts({}).notes).toEqual(['not consumed here, add their queues to --queues: mail.send (mail)']);
  });
});
