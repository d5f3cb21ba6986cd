import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainRoute } from '../../src/producer/route-explanation.js';
import { type CallAddress, Router } from '../../src/producer/router.js';
import type { RouteOptions, Routes } from '../../src/producer/routes.js';

const route = (routes: Routes, task: string, options: CallAddress = {}, args: readonly unknown[] = []) =>
  new Router(routes).route(task, args, options);

describe('a record', () => {
  const ROUTES = { '**': 'rest', 'mail.*': 'mail', 'mail.bulk.*': 'bulk', 'mail.send': 'urgent' };

  it.each([
    ['mail.send', 'urgent'],
    ['mail.other', 'mail'],
    ['mail.bulk.send', 'bulk'],
    ['mail.other.send', 'rest'],
    ['fib', 'rest'],
  ])('sends %s to %s: the exact name wins, then the narrowest pattern', (task, queue) => {
    expect(route(ROUTES, task)).toMatchObject({ queue });
  });

  it('decides the same in whatever order it is written', () => {
    const entries = Object.entries(ROUTES);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(entries, { minLength: entries.length }),
        fc.constantFrom('mail.send', 'mail.x', 'a'),
        (shuffled, task) => {
          expect(route(Object.fromEntries(shuffled), task)).toEqual(route(ROUTES, task));
        },
      ),
    );
  });

  it('is not asked for names that an object has by itself', () => {
    expect(route({ fib: 'math' }, 'constructor')).toEqual({});
    expect(route({ fib: 'math' }, '__proto__')).toEqual({});
  });
});

describe('a list', () => {
  it('is tried in order', () => {
    const routes: Routes = [
      { task: 'mail.*', to: 'first' },
      { task: 'mail.send', to: 'second' },
      { task: /^f/, to: 'third' },
    ];
    expect(['mail.send', 'fib', 'other'].map((task) => route(routes, task).queue)).toEqual([
      'first',
      'third',
      undefined,
    ]);
  });

  it('matches a regular expression afresh each time, whatever its flags and whoever else uses it', () => {
    const task = /fib/g;
    const router = new Router([{ task, to: 'math' }]);
    const ask = (name: string) => router.route<CallAddress>(name, [], {}).queue;
    task.lastIndex = 3;
    expect([ask('fib'), ask('fibre'), ask('fib')]).toEqual(['math', 'math', 'math']);
  });

  it('asks functions for each call, with what is known of it, until one answers', () => {
    const asked: unknown[] = [];
    const routes: Routes = [
      (call) => void asked.push(call),
      ({ args }) => (args[0] === 'big' ? { queue: 'large', priority: 1 } : undefined),
      { task: '**', to: 'small' },
      () => expect.unreachable('the one before answers everything'),
    ];
    const router = new Router(routes);
    expect(router.route('t', ['big'], { headers: { a: 1 }, priority: 7 })).toEqual({
      queue: 'large',
      priority: 7,
      headers: { a: 1 },
    });
    expect(router.route('t', ['tiny'], {})).toMatchObject({ queue: 'small' });
    expect(asked).toEqual([
      {
        task: 't',
        args: ['big'],
        queue: undefined,
        exchange: undefined,
        routingKey: undefined,
        priority: 7,
        headers: { a: 1 },
      },
      expect.objectContaining({ task: 't', args: ['tiny'] }),
    ]);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new RangeError('no tenant');
      },
      /routes\[0\] \(byTenant\) was asked for one, and it threw RangeError: no tenant\.$/,
    ],
    ['gives a promise', () => Promise.reject(new Error('late')), /it gave a promise; routes answer at once/],
    ['gives a number', () => 3, /its answer: expected a queue's name or \{ queue/],
    ['gives both', () => ({ queue: 'a', exchange: 'b' }), /its answer: expected a queue or an exchange, found both/],
    ['gives null', () => null, /its answer: expected a queue's name .* found null/],
  ])('a function that %s fails the call with what it did', (_, answer, text) => {
    const byTenant = (): never => answer() as never;
    expect(() => route([byTenant], 't')).toThrow(
      expect.objectContaining({ name: 'PublishError', code: 'route-failed', message: expect.stringMatching(text) }),
    );
  });
});

describe('what a call and its task say', () => {
  it('comes first: a queue of their own cancels the exchange of a route, and an exchange its queue', () => {
    const toExchange = { t: { exchange: 'logs', routingKey: 'a.b', priority: 3 } };
    expect(route(toExchange, 't')).toEqual({ exchange: 'logs', routingKey: 'a.b', priority: 3 });
    expect(route(toExchange, 't', { queue: 'own' })).toEqual({ queue: 'own', priority: 3 });
    expect(route(toExchange, 't', { routingKey: 'mine', priority: 0 })).toEqual({
      exchange: 'logs',
      routingKey: 'mine',
      priority: 0,
    });
    expect(route({ t: 'q' }, 't', { exchange: 'own' })).toEqual({ exchange: 'own' });
  });

  const NAMES = fc.constantFrom('a', 'b');
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const ADDRESS: fc.Arbitrary<CallAddress> = fc.record({
    queue: maybe(NAMES),
    exchange: maybe(NAMES),
    routingKey: maybe(NAMES),
    priority: maybe(fc.nat(255)),
  });
  const TARGET: fc.Arbitrary<RouteOptions> = fc.oneof(
    fc.record({ queue: NAMES, priority: maybe(fc.nat(255)) }),
    fc.record({ exchange: NAMES, routingKey: maybe(NAMES), priority: maybe(fc.nat(255)) }),
    fc.record({ priority: fc.nat(255) }),
  );

  it('stands, whatever routes say', () => {
    fc.assert(
      fc.property(ADDRESS, TARGET, (own, target) => {
        const found = route({ t: target }, 't', own);
        for (const key of ['queue', 'exchange', 'routingKey', 'priority'] as const) {
          if (own[key] !== undefined) expect(found[key]).toBe(own[key]);
        }
        const hasPlace = own.queue !== undefined || own.exchange !== undefined;
        expect([found.queue, found.exchange]).toEqual(
          hasPlace ? [own.queue, own.exchange] : [target.queue, target.exchange],
        );
      }),
    );
  });

  it('is explained as it is decided', () => {
    const WORDS = fc.constantFrom('a', 'a.b', 'a.b.c', 'b');
    const GLOBS = fc.constantFrom('a', 'a.*', 'a.**', '**', 'b*');
    const rule = fc.record({ task: GLOBS, to: TARGET });
    const fn = TARGET.map(
      (target) =>
        ({ args }: { args: readonly unknown[] }) =>
          args.length === 0 ? undefined : target,
    );
    const routes = fc.oneof(fc.dictionary(GLOBS, TARGET), fc.array(fc.oneof(rule, fn), { maxLength: 5 }));
    const definition = fc.record({ queue: maybe(NAMES), priority: maybe(fc.nat(255)) });
    fc.assert(
      fc.property(
        routes,
        WORDS,
        fc.array(fc.nat(), { maxLength: 1 }),
        ADDRESS,
        definition,
        (routes, task, args, call, definition) => {
          const router = new Router(routes as Routes);
          const defined = (options: CallAddress) =>
            Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
          const decided = router.route(task, args, { ...definition, ...defined(call) } as CallAddress);
          const told = explainRoute(router, { task, args, call, definition, defaultQueue: 'tq' });
          expect(told).toMatchObject({ exchange: decided.exchange, priority: decided.priority, error: undefined });
          expect(told.queue).toBe(decided.exchange === undefined ? (decided.queue ?? 'tq') : undefined);
          const taken = told.steps.flatMap(({ taken, says }) => taken.map((key) => [key, says?.[key]]));
          for (const key of ['queue', 'exchange', 'priority'] as const) {
            const of = taken.filter(([name]) => name === key);
            expect(of).toEqual(told[key] === undefined ? [] : [[key, told[key]]]);
          }
        },
      ),
    );
  });
});

it('remembers a name that it has matched, and not without bound', () => {
  let matches = 0;
  const router = new Router([{ task: /^t/, to: 'q' }]);
  const entry = router.entries[0] as { fits: (name: string) => boolean };
  const { fits } = entry;
  entry.fits = (name) => {
    matches++;
    return fits(name);
  };
  for (let round = 0; round < 3; round++) router.route('task', [], {});
  expect(matches).toBe(1);
  for (let name = 0; name < 10_000; name++) router.route(`t${name}`, [], {});
  router.route('task', [], {});
  expect(matches).toBe(10_002);
});

it('knows where calls of a task go without one, as far as no function is asked', () => {
  const router = new Router([{ task: 'a', to: 'first' }, () => 'asked', { task: '**', to: 'last' }]);
  expect(['a', 'b'].map((task) => [router.standing(task)?.queue, router.isAsked(task)])).toEqual([
    ['first', false],
    ['last', true],
  ]);
});
