import { currentTask, defaultApp, Task } from '@tq/core';

/** Prices in cents. Each worker thread has an instance of its own, so what it remembers stays in that thread. */
class ShopTasks {
  readonly #vatPercent = 19;

  /** The task is named after class and method: `ShopTasks.total`. */
  @Task()
  total(prices: readonly number[]): number {
    return this.#withVat(prices.reduce((sum, price) => sum + price, 0));
  }

  /** A name of its own survives when the method is renamed; messages carry the name only. */
  @Task({ name: 'shop.receipt' })
  async receipt(customer: string, prices: readonly number[]): Promise<string> {
    const { log, id } = currentTask();
    log.info({ customer }, 'writing a receipt');
    return `${customer} pays ${(this.total(prices) / 100).toFixed(2)} (receipt ${id.slice(0, 8)})`;
  }

  /** No decorator, no task: a method like any other. */
  #withVat(cents: number): number {
    return Math.round(cents * (1 + this.#vatPercent / 100));
  }
}

/** The typed tasks of the class: `shop.total`, `shop.receipt`. */
export const shop = defaultApp().register(ShopTasks);
