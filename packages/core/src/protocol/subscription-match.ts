import { assertNever } from '../errors.js';
import { matchesHeaders } from './headers-match.js';
import type { Headers } from './message.js';
import type { SubscriptionFacts } from './subscription.js';
import { matchesTopic } from './topic-match.js';

/** How an exchange chooses (AMQP 0-9-1 section 3.1.3). `events` is tq's own, which goes by keys and by headers. */
export type Choice = 'direct' | 'topic' | 'fanout' | 'headers' | 'events';

/**
 * Whether a message that is published to a subscription's exchange comes to it.
 * @param choice what kind of exchange it is
 */
export function takesMessage(
  { keys, headers: wanted, match = 'all' }: SubscriptionFacts,
  choice: Choice,
  { routingKey, headers }: { readonly routingKey: string; readonly headers: Headers },
): boolean {
  switch (choice) {
    case 'fanout':
      return true;
    case 'direct':
      return keys.includes(routingKey);
    case 'topic':
      return keys.some((pattern) => matchesTopic(pattern, routingKey));
    case 'headers':
      return matchesHeaders(wanted ?? {}, match, headers);
    case 'events':
      return (
        keys.some((pattern) => matchesTopic(pattern, routingKey)) &&
        (wanted === undefined || matchesHeaders(wanted, match, headers))
      );
    default:
      return assertNever(choice);
  }
}
