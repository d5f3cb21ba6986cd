/** What the set-up of a project tells its tests about the broker that they share (`inject`, in `broker.ts`). */
import { randomBytes } from 'node:crypto';

declare module 'vitest' {
  interface ProvidedContext {
    readonly sharedBroker: SharedBroker;
  }
}

/** The broker of one project. */
export interface SharedBroker {
  readonly kind: 'embedded' | 'rabbitmq';
  readonly url: string;
  /** Beginning of every name that the project declares, so that two runs can share a broker. */
  readonly run: string;
}

/** A name for a run. */
export function nameRun(): string {
  return `test-${randomBytes(4).toString('hex')}`;
}
