import { onStopSignals, type StopSource } from '../signals.js';

/** Who starts a worker, hears how far it is, and stops it. */
export interface Keeper {
  readonly onStop: StopSource;
  /** A terminal gets the banner. */
  readonly showsBanner: boolean;
  /** Every queue is consumed. */
  ready(): void;
  /** Nothing more is taken; what runs may go on. */
  detached(): void;
}

/** A person or a service manager, who sends signals and reads the log. */
export const BY_SIGNALS: Keeper = {
  onStop: onStopSignals,
  showsBanner: true,
  ready: () => undefined,
  detached: () => undefined,
};
