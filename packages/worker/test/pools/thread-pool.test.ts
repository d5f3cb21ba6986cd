import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { describeChildPool, nextFree } from './child-contract.js';
import { describePool } from './pool-contract.js';
import { fixture } from './pool-fixture.js';
import { openPools } from './pool-scene.js';

const scene = openPools('thread');
describePool('thread');
describeChildPool(scene);

describe('a thread', () => {
  it('dies of a full heap without taking the worker along', async () => {
    const { pool, run, value } = await scene.start({ resourceLimits: { maxOldGenerationSizeMb: 24 } });
    const free = nextFree(pool);
    expect(await run('fills-memory')).toEqual({
      kind: 'lost',
      how: expect.stringContaining('ERR_WORKER_OUT_OF_MEMORY'),
    });
    await free;
    expect(await value('add', [1, 1])).toBe(2);
  });

  it('ends a thread whose port to the parent closes', async () => {
    const entry = new URL('../../dist/pools/thread-child.js', import.meta.url);
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(entry, {
      workerData: { port: port2, modules: [fixture('tasks.js')] },
      transferList: [port2],
    });
    const [ready] = (await once(port1, 'message')) as [{ type: string }];
    expect(ready.type).toBe('ready');
    port1.close();
    expect(await once(worker, 'exit')).toEqual([0]);
  });
});
