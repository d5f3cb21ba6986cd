import { type App, hasCode } from '@tq/core';
import { internalsOf } from '@tq/core/internal';
import type { ManagedQueue } from './management.js';

/** What is known of a queue; what nobody could be asked is null. */
export interface QueueFacts {
  /** As the commands take it: without the app's prefix. */
  readonly name: string;
  readonly ready: number | null;
  /** Delivered and not yet acknowledged. */
  readonly unacked: number | null;
  readonly consumers: number | null;
  readonly type: string | null;
  /** `running`, `missing`, `down`, `exclusive`, `refused`, or what the management API says. */
  readonly state: string;
}

/** States of a queue that answers with a refusal. */
const REFUSED = {
  'queue-missing': 'missing',
  'queue-unavailable': 'down',
  'queue-in-use': 'exclusive',
  'access-refused': 'refused',
} as const;

/**
 * Looks at queues of the app, each passively.
 * @param managed what the management API says of them, by full name
 * @throws {TqError} `queue-timeout`
 */
export function lookAt(
  app: App,
  names: readonly string[],
  { timeout, managed }: { readonly timeout: number; readonly managed: readonly ManagedQueue[] },
): Promise<QueueFacts[]> {
  const { prefix } = internalsOf(app).options;
  const known = new Map(managed.map((queue) => [queue.name, queue]));
  return Promise.all(
    names.map(async (name) => {
      const more = known.get(prefix + name);
      const { unacked = null, type = null, state = null } = more ?? {};
      try {
        const { messages, consumers } = await app.queue(name).depth({ timeout });
        return { name, ready: messages, unacked, consumers, type, state: state ?? 'running' };
      } catch (error) {
        return { name, ready: null, unacked, consumers: null, type, state: stateOf(error) };
      }
    }),
  );
}

function stateOf(error: unknown): string {
  for (const code of Object.keys(REFUSED) as (keyof typeof REFUSED)[]) {
    if (hasCode(error, code)) return REFUSED[code];
  }
  throw error;
}
