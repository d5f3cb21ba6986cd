/** How a worker is asked to end: `warm` lets what runs finish, `cold` aborts it and gives it back. */
export type StopKind = 'warm' | 'cold';

/** From the process that watches to a worker of it. */
export interface StopMessage {
  readonly stop: StopKind;
  /** For the log: a signal, or `reload`. */
  readonly by: string;
}

/** From a worker to the process that watches: every queue is consumed; nothing more is taken. */
export type ProgressMessage = 'ready' | 'detached';
