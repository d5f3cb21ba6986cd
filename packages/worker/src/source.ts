import type { Topology } from '@tq/core/internal';
import type { UnknownTaskPolicy } from './execution/gates.js';
import type { SlotGroup } from './execution/slots.js';
import type { Intake } from './intake/intake.js';

/** A queue that a worker consumes, and what is its own about it. */
export interface Source {
  /** Full name, prefix included. */
  readonly queue: string;
  /** Of what comes to it without being sent to this queue: the name that it has in lists. */
  readonly subscription?: string | undefined;
  readonly slots: SlotGroup;
  /** Its tasks may run longer than the broker waits for an ack: a channel for each slot. */
  readonly long: boolean;
  /** What has to be there; declared with each new channel, on the connection that consumes. */
  readonly topology: () => Topology;
  /** Asked once, at the start: what the tasks' modules say is known then. */
  readonly intake: () => Intake;
  readonly unknownTask: UnknownTaskPolicy;
}
