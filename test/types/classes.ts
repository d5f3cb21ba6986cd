/** The typed tasks of a class; compiled with legacy and with standard decorators. */
import { type AsyncResult, createApp, Task, type TaskOf, type TasksOf } from '@tq/core';
import { same } from './equal.js';

class MathTasks {
  readonly base = 2;

  @Task()
  power(exponent: number): number {
    return this.base ** exponent;
  }

  @Task({ name: 'math.later', queue: 'math', priority: undefined })
  async later(text: string, times = 1): Promise<string> {
    return text.repeat(times);
  }

  @Task()
  recursive(n: number): number {
    return n === 0 ? 0 : this.recursive(n - 1);
  }

  protected hidden(): void {}
}

const app = createApp();
const math = app.register(MathTasks);
same<TasksOf<MathTasks>, typeof math>();
same<TaskOf<string, (exponent: number) => number>, typeof math.power>();
same<AsyncResult<string>, ReturnType<typeof math.later.delay>>();
same<'power' | 'later' | 'recursive', keyof typeof math>();
math.power.delay(10);
math.later.apply(['x', 3], { queue: undefined });

// @ts-expect-error: the exponent is a number
math.power.delay('x');
// @ts-expect-error: the text is needed
math.later.delay();
// @ts-expect-error: what is no method is no task
math.base.delay();
// @ts-expect-error: what is not public is no task
math.hidden.delay();

class Configured {
  readonly factor: number;

  constructor(factor: number) {
    this.factor = factor;
  }

  @Task()
  scale(n: number): number {
    return n * this.factor;
  }
}

const scaled = app.register(new Configured(2));
same<TaskOf<string, (n: number) => number>, typeof scaled.scale>();
// @ts-expect-error: who makes the instance of a class whose constructor takes arguments?
app.register(Configured);

class Derived extends MathTasks {
  @Task()
  extra(): void {}
}
const derived = app.register(Derived);
same<AsyncResult<number>, ReturnType<typeof derived.power.delay>>();
derived.extra.delay();

export class Wrong {
  // @ts-expect-error: an option that does not exist
  @Task({ quueue: 'math' })
  typo(): void {}

  // @ts-expect-error: a field is no method
  @Task()
  field = 1;

  // @ts-expect-error: an accessor is no method
  @Task({ name: 'accessor' })
  get accessor(): number {
    return 1;
  }
}
