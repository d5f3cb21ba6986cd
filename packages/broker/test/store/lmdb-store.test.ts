import * as lmdb from 'lmdb';
import { describe, expect, it } from 'vitest';
import { longString } from '../../src/field-value.js';
import { ChangeBatch } from '../../src/store/change-batch.js';
import { messageKey } from '../../src/store/keys.js';
import { LmdbFile } from '../../src/store/lmdb-file.js';
import { openStore } from '../../src/store/open-store.js';
import {
  binding,
  bodies,
  createFolder,
  exchange,
  flushed,
  message,
  queue,
  restoreContent,
  stored,
  withStore,
} from './scene.js';

describe('a store that is opened again', () => {
  it('gives back what was declared, by virtual host', async () => {
    await using folder = await createFolder();
    const arguments_ = [['x-dead-letter-exchange', longString('dead')]] as const;
    await withStore(folder.options(), (store) => {
      store.saveExchange('/', exchange('kept', { arguments: arguments_ }));
      store.saveExchange('/', exchange('gone'));
      store.saveExchange('other', exchange('gone'));
      store.deleteExchange('/', 'gone');
      store.saveQueue('/', 1, queue('q', { arguments: arguments_ }));
      store.saveBinding('/', binding('kept', 'q', 'a'));
      store.saveBinding('/', binding('kept', 'q', 'b'));
      store.deleteBinding('/', binding('kept', 'q', 'a'));
    });
    await withStore(folder.options(), (_store, { vhosts }) => {
      expect([...vhosts.keys()].sort()).toEqual(['/', 'other']);
      const { exchanges, queues, bindings } = vhosts.get('/')!;
      expect(exchanges).toEqual([exchange('kept', { arguments: arguments_ })]);
      expect(queues.map(({ id, definition }) => ({ id, definition }))).toEqual([
        { id: 1, definition: queue('q', { arguments: arguments_ }) },
      ]);
      expect(bindings).toEqual([binding('kept', 'q', 'b')]);
      expect(vhosts.get('other')!.exchanges).toEqual([exchange('gone')]);
    });
  });

  it('gives messages back in the order of their positions, with all that belongs to them', async () => {
    await using folder = await createFolder();
    const far = Number.MAX_SAFE_INTEGER - 1;
    const original = {
      message: message('', { exchange: 'amq.topic', routingKey: 'schlüssel', blindKeys: ['b', 'c'] }),
      expiresAt: 1_767_323_045_006,
      deliveryCount: 3,
    };
    const large = 'x'.repeat(1_000_000);
    await withStore(folder.options(), async (store) => {
      store.saveQueue('/', 1, queue('q'));
      store.saveQueue('/', 2, queue('beside'));
      for (const position of [far, 2 ** 32, 300, 2]) store.saveMessage(1, position, stored(`at ${position}`));
      store.saveMessage(1, 3, stored(large));
      store.saveMessage(2, 4, stored('beside'));
      await flushed(store);
      store.saveMessage(1, 1, {
        ...original,
        message: { ...original.message, content: restoreContent(Buffer.from('propsbody'), 5) },
      });
    });
    await withStore(folder.options(), (_store, state) => {
      const [first] = state.messages;
      const { message: read, ...counts } = first![2];
      expect(counts).toEqual({ expiresAt: original.expiresAt, deliveryCount: 3 });
      expect({ ...read, content: undefined }).toEqual({ ...original.message, content: undefined });
      expect(read.content.bodyOffset).toBe(5);
      expect(bodies(state, 'q')).toEqual([
        [1, 'body'],
        [2, 'at 2'],
        [3, large],
        [300, 'at 300'],
        [2 ** 32, `at ${2 ** 32}`],
        [far, `at ${far}`],
      ]);
      expect(state.nextPosition).toBe(far + 1);
      expect(bodies(state, 'beside')).toEqual([[4, 'beside']]);
    });
  });

  it('knows no message that was deleted, in the same turn or later', async () => {
    await using folder = await createFolder();
    await withStore(folder.options(), async (store) => {
      store.saveQueue('/', 1, queue('q'));
      for (const position of [0, 1, 2]) store.saveMessage(1, position, stored(`${position}`));
      store.deleteMessage(0);
      await flushed(store);
      store.deleteMessage(1);
    });
    await withStore(folder.options(), (_store, state) => expect(bodies(state, 'q')).toEqual([[2, '2']]));
  });

  it('knows how far each priority was delivered, and counts on from there', async () => {
    await using folder = await createFolder();
    await withStore(folder.options(), async (store) => {
      store.saveQueue('/', 1, queue('q'));
      store.saveMessage(1, 3, stored('waits'));
      store.saveDelivered(1, 0, 4);
      await flushed(store);
      store.saveDelivered(1, 0, 2 ** 40);
      store.saveDelivered(1, 255, 7);
    });
    await withStore(folder.options(), (_store, { vhosts, nextPosition }) => {
      const { delivered } = vhosts.get('/')!.queues[0]!;
      expect(delivered).toEqual(
        new Map([
          [0, 2 ** 40],
          [255, 7],
        ]),
      );
      expect(nextPosition).toBe(2 ** 40 + 1);
    });
  });

  it('never gives out a queue id twice', async () => {
    await using folder = await createFolder();
    await withStore(folder.options(), async (store, state) => {
      expect(state.nextQueueId).toBe(1);
      store.saveQueue('/', 1, queue('a'));
      store.saveQueue('/', 7, queue('b'));
      await flushed(store);
      store.deleteQueue(7, []);
    });
    await withStore(folder.options(), (_store, state) => expect(state.nextQueueId).toBe(8));
  });

  it('knows nothing of a deleted queue', async () => {
    await using folder = await createFolder();
    await withStore(folder.options(), async (store) => {
      store.saveQueue('/', 1, queue('q'));
      store.saveMessage(1, 0, stored('a'));
      store.saveDelivered(1, 0, 0);
      await flushed(store);
      store.deleteMessages(1, [0]);
      store.saveMessage(1, 1, stored('b'));
      store.deleteQueue(1, [1]);
    });
    await withStore(folder.options(), (_store, { vhosts, messages }) => {
      expect([vhosts.size, ...messages]).toEqual([0]);
    });
  });

  it('keeps what came after a purge in the same turn', async () => {
    await using folder = await createFolder();
    await withStore(folder.options(), async (store) => {
      store.saveQueue('/', 1, queue('q'));
      store.saveQueue('/', 2, queue('beside'));
      for (const position of [0, 1, 2]) store.saveMessage(1, position, stored('before'));
      store.saveMessage(2, 3, stored('beside'));
      await flushed(store);
      store.saveMessage(1, 4, stored('before'));
      store.deleteMessages(1, [4, 2, 1, 0]);
      store.saveMessage(1, 5, stored('after'));
    });
    await withStore(folder.options(), async (store, state) => {
      expect(bodies(state, 'q')).toEqual([[5, 'after']]);
      expect(bodies(state, 'beside')).toEqual([[3, 'beside']]);
      store.deleteMessages(1, [5]);
      await flushed(store);
    });
    await withStore(folder.options(), (_store, state) => expect(bodies(state, 'q')).toEqual([]));
  });
});

describe('callbacks', () => {
  it('come in order, once what was called before them is on disk', async () => {
    await using folder = await createFolder();
    await withStore(folder.options(), async (store) => {
      const order: string[] = [];
      store.whenFlushed(() => order.push('at once'));
      expect(order).toEqual(['at once']);
      store.saveQueue('/', 1, queue('q'));
      store.whenFlushed(() => order.push('queue'));
      store.saveMessage(1, 0, stored('a'));
      store.whenFlushed(() => order.push('message'));
      await new Promise(setImmediate);
      store.whenFlushed(() => order.push('waits for what is under way'));
      store.saveMessage(1, 1, stored('b'));
      store.deleteMessage(1);
      store.whenFlushed(() => order.push('came and went'));
      expect(order).toEqual(['at once']);
      await flushed(store);
      expect(order).toEqual(['at once', 'queue', 'message', 'waits for what is under way', 'came and went']);
    });
  });

  it('come before the store is closed, which may be asked for twice', async () => {
    await using folder = await createFolder();
    const { store } = await openStore(folder.options());
    store.saveQueue('/', 1, queue('q'));
    let called = false;
    store.whenFlushed(() => {
      called = true;
    });
    await Promise.all([store.close(), store.close()]);
    expect(called).toBe(true);
    expect(() => store.deleteQueue(1, [])).toThrow('expected an open store');
  });
});

describe('a message that cannot be read', () => {
  it('is reported, left out, and its bytes are kept', async () => {
    await using folder = await createFolder();
    const named = message('unreadable');
    await withStore(folder.options(), (store) => {
      store.saveQueue('/', 1, queue('q'));
      store.saveMessage(1, 0, stored('good'));
      store.saveMessage(1, 1, { ...stored(''), message: named });
      store.saveMessage(1, 2, stored('good too'));
    });
    await withStore(folder.options(), (_store, state) => {
      expect(bodies(state, 'q')).toEqual([
        [0, 'good'],
        [2, 'good too'],
      ]);
    });
    expect(folder.warnings).toEqual([
      `message 1 of queue q cannot be read (Error: not a content): it is left out, and its bytes stay in ${folder.path}`,
    ]);
    await withStore(folder.options(), (_store, state) => expect(bodies(state, 'q')).toHaveLength(2));
    expect(folder.warnings).toHaveLength(1);
  });

  it('is kept also when it does not even say whose it was', async () => {
    await using folder = await createFolder();
    await withStore(folder.options(), (store) => store.saveQueue('/', 1, queue('q')));
    const file = new LmdbFile(lmdb, folder.file('data.mdb'));
    const batch = new ChangeBatch();
    batch.put(messageKey(5), Buffer.from('abc'));
    await file.write(batch);
    await file.close();
    await withStore(folder.options(), (_store, { messages, nextPosition }) =>
      expect([...messages, nextPosition]).toEqual([6]),
    );
    expect(folder.warnings).toEqual([expect.stringContaining('message 5 of no queue cannot be read')]);
    await withStore(folder.options(), (_store, { nextPosition }) => expect(nextPosition).toBe(6));
  });
});
