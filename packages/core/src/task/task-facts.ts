import type { PlainFormat } from '../protocol/foreign-message.js';
import type { SubscriptionFacts } from '../protocol/subscription.js';
import type { TaskAddress } from '../protocol/task-address.js';
import type { TimeLimits } from '../protocol/time-limits.js';

/** What whoever settles a task's runs has to know of its definition; plain data, which crosses from where the task is loaded. */
export interface TaskFacts {
  /** For calls that bring none. */
  readonly limits?: TimeLimits | undefined;
  /** False where a failure leaves no dead letter. */
  readonly deadLetter?: false | undefined;
  /** What is called after the final failure, for calls that name nothing. */
  readonly onFailure?: TaskAddress | undefined;
  /** Where its events come from, when it is the handler of a subscription. */
  readonly subscription?: SubscriptionFacts | undefined;
  /** Where it takes bodies of programs that know nothing of tasks. */
  readonly plain?: PlainFacts | undefined;
}

/** How a task takes what is no task's message. */
export interface PlainFacts {
  /** Name of its queue, without prefix: where it is loaded, another app may have another. */
  readonly queue: string;
  readonly format: PlainFormat;
}
