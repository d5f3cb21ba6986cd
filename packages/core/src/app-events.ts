/** What an app tells its observers. */
export interface AppEvents {
  /** A call, an event or a plain message failed to be published, and nobody awaited it. */
  'publish:failed': PublishFailed;
  /** A connection to the broker is open: the first time, and after each loss. */
  'connection:up': ConnectionUp;
  /** A connection to the broker was lost; it comes back by itself, and what was published meanwhile waits. */
  'connection:down': ConnectionDown;
}

/** A call or a plain message that did not reach its queue for certain, or an event that did not reach those of its subscribers. */
export interface PublishFailed {
  /** What it is. */
  readonly kind: 'task' | 'event' | 'message';
  /** The task's id; of an event or a plain message the message's. */
  readonly taskId: string;
  /** The task's name; the event's; of a plain message its queue, without the app's prefix. */
  readonly task: string;
  /** Why: a `PublishError`. */
  readonly error: Error;
}

/** A connection that is open. */
export interface ConnectionUp {
  /** What it is for: calls and replies of a worker go out on `publish`, deliveries and results come in on `consume`. */
  readonly role: 'publish' | 'consume';
}

/** A connection that is lost. */
export interface ConnectionDown extends ConnectionUp {
  /** Why. */
  readonly error: Error;
}
