import type { Store } from '../model/store.js';

/** A store that keeps nothing: what a broker holds goes with its process, and a confirm only means "taken". */
export function createMemoryStore(): Store {
  const nothing = () => {};
  return {
    saveExchange: nothing,
    deleteExchange: nothing,
    saveQueue: nothing,
    deleteQueue: nothing,
    saveBinding: nothing,
    deleteBinding: nothing,
    saveMessage: nothing,
    deleteMessage: nothing,
    deleteMessages: nothing,
    saveDelivered: nothing,
    whenFlushed: (done) => done(),
    close: async () => {},
  };
}
