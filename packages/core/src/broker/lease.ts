/**
 * The right to settle a delivery: it lives as long as the channel that delivered. What a settling run wants to
 * publish is bound to it and leaves the outbox with it, since the broker has given the delivery to somebody else.
 */
export interface Lease {
  readonly alive: boolean;
}
