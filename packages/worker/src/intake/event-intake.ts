import {
  decodePlain,
  type InboundMessage,
  type Runtime,
  type SubscriptionFacts,
  type TaskMessage,
} from '@tq/core/internal';
import type { Intake } from './intake.js';

/** The intake of a subscription's queue: whatever comes is an event for its handler. Nobody waits for an answer. */
export function eventIntake(
  { name: task, format }: SubscriptionFacts,
  { clock, newId }: Pick<Runtime, 'clock' | 'newId'>,
): Intake {
  return {
    decode: (message: InboundMessage): TaskMessage => {
      const event = decodePlain(message, { task, format, now: clock.wallTime(), newId });
      return event.replyTo === undefined ? event : { ...event, replyTo: undefined };
    },
    knows: (event) => event.task === task,
    unreadable: () => undefined,
  };
}
