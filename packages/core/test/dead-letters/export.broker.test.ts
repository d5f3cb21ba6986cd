import { describe, expect, it } from 'vitest';
import { openDeadScene, upTo } from './dead-queue.js';

describe('exporting dead letters', () => {
  it('gives all of each, and leaves them, though they are more than are kept at once', async () => {
    await using scene = await openDeadScene('classic');
    await scene.declare();
    const large = Buffer.alloc(4 * 1_024 * 1_024, 'x');
    for (const number of upTo(10)) {
      scene.peer.channel.publish(`${scene.prefix}tq.dead`, `${scene.prefix}tq`, large, { messageId: `m${number}` });
    }
    await scene.ready('tq.dead', 10);
    const found = [];
    for await (const { id, body } of scene.app.deadLetters.export()) {
      expect(body.equals(large)).toBe(true);
      found.push(id);
    }
    expect(found).toEqual(upTo(10).map((number) => `m${number}`));
    await scene.ready('tq.dead', 10);
    const few = [];
    for await (const { id } of scene.app.deadLetters.export({ limit: 2 })) few.push(id);
    expect(few).toEqual(['m0', 'm1']);
  });
});
