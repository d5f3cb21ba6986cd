/** Events between tq and programs that are written with pika, which publish and subscribe as equals. */
import type { DeadLetter, ReceivedEvent } from '@tq/core';
import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { openApp } from '../e2e/fixtures/test-app.js';
import { needing, runPython, startReadyPython } from './fixtures/foreign-program.js';

const { skipped, heading } = needing('python3-pika');

describe.skipIf(skipped)(heading, () => {
  it('subscribers get what a foreign program publishes, each group once, and what is no JSON is a dead letter', async () => {
    await using test = openApp();
    const { app, prefix } = test;
    const got: Record<string, [number, ReceivedEvent][]> = { everybody: [], group: [], odd: [] };
    const take = (name: string) => (payload: { number: number }, message: ReceivedEvent) => {
      got[name]?.push([payload.number, message]);
    };
    app.subscribe('orders.*', take('everybody'));
    app.subscribe('#', take('group'), { group: 'billing' });
    app.subscribe('orders.#', take('odd'), { headers: { odd: true, region: 'eu' }, group: 'odd' });
    await using worker = createWorker(app, { pool: 'async', queues: [], concurrency: 3 });
    await worker.start();
    let ends = 0;
    const over = new Promise<void>((resolve) => {
      const end = () => {
        // 20 for everybody and for the group, 10 that are odd, and twice the one that is no JSON.
        if (++ends === 52) resolve();
      };
      worker.on('task:succeeded', end);
      worker.on('task:refused', end);
    });
    await runPython('events.py', 'publish', `${prefix}tq.events`, 'orders.created', '20');
    await over;
    await worker.stop();
    const numbers = Array.from({ length: 20 }, (_, number) => number);
    const heard = (name: string) => got[name]?.map(([number]) => number).sort((one, other) => one - other);
    expect(heard('everybody')).toEqual(numbers);
    expect(heard('group')).toEqual(numbers);
    expect(heard('odd')).toEqual(numbers.filter((number) => number % 2 === 1));
    const [, message] = got.group?.find(([number]) => number === 7) ?? [];
    expect(message).toMatchObject({
      event: 'orders.created',
      routingKey: 'orders.created',
      messageId: 'pika-7',
      correlationId: 'same',
      appId: 'pika',
      headers: { region: 'eu', number: 7, odd: true },
    });
    const letters: DeadLetter[] = [];
    for await (const letter of app.deadLetters.list()) letters.push(letter);
    expect(letters.map(({ queue, reason }) => [queue, reason]).sort()).toEqual([
      ['tq.everybody.orders.*', 'poison'],
      ['tq.group.billing.#', 'poison'],
    ]);
  });

  it('a foreign program gets what tq publishes, with its name, id, headers and JSON', async () => {
    await using test = openApp();
    const { app, prefix } = test;
    await using subscriber = await startReadyPython('events.py', 'subscribe', `${prefix}tq.events`, '2', 'orders.*');
    const created = app.event('orders.created');
    const first = created.publish({ name: 'Grüße' }, { headers: { region: 'eu', vip: true } });
    await app.event('mail.sent').publish(1);
    const second = app.event('orders.paid').publish([1.5, null]);
    await Promise.all([first, second]);
    expect((await subscriber.lines(3)).slice(1)).toEqual([
      `orders.created orders.created ${first.id} application/json {"region": "eu", "vip": true} {'name': 'Grüße'}`,
      `orders.paid orders.paid ${second.id} application/json {} [1.5, None]`,
    ]);
  });
});
