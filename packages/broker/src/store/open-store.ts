import type { Content } from '../model/message.js';
import type { Store, StoredState } from '../model/store.js';
import { createMemoryStore } from './memory-store.js';

export interface OpenOptions {
  readonly dataDir: string | undefined;
  readonly restoreContent: (bytes: Buffer, bodyOffset: number) => Content;
  readonly logger: { warn(fields: object, text: string): void };
  readonly onError: (error: Error) => void;
}

export async function openStore(
  _options: OpenOptions,
): Promise<{ readonly store: Store; readonly state: StoredState }> {
  return { store: createMemoryStore(), state: { nextQueueId: 1, vhosts: new Map() } };
}
