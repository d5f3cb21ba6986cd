import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ChannelScene } from './channel-scene.js';

const MIB = 1024 * 1024;

describe('the output of a connection', () => {
  it('is written at the end of the turn, all at once', async () => {
    const { channel, socket } = new ChannelScene();
    channel.send('basic.qos-ok', {});
    channel.send('basic.qos-ok', {});
    expect(socket.written).toHaveLength(0);
    await setImmediate();
    expect(socket.written).toHaveLength(1);
  });

  it('has no room for deliveries while much is unread, be it written or not', () => {
    const { model, channel, output, socket } = new ChannelScene();
    const queue = model.queue('q');
    const all = new ChannelScene();
    expect([output.hasRoom(), channel.hasRoom()]).toEqual([true, true]);
    const content = { bytes: Buffer.alloc(MIB), bodyOffset: 0 };
    output.content(1, 'basic.deliver', DELIVER, content);
    expect([output.hasRoom(), channel.hasRoom()]).toEqual([false, false]);
    output.flush();
    expect(output.hasRoom()).toBe(false);
    socket.take();
    expect(output.hasRoom()).toBe(true);
    expect([queue.messageCount, all.output.overfull]).toEqual([0, false]);
  });

  it('is too much when the client reads no answers at all', () => {
    const { output, socket } = new ChannelScene();
    const content = { bytes: Buffer.alloc(16 * MIB), bodyOffset: 0 };
    output.content(1, 'basic.deliver', DELIVER, content);
    expect([output.overfull, output.hasRoomForReply()]).toEqual([true, true]);
    output.flush();
    socket.take();
    expect(output.overfull).toBe(false);
  });

  it('tells heartbeats from all else', () => {
    const { channel, output } = new ChannelScene();
    output.heartbeat();
    expect(output.takeWritten()).toBe(false);
    channel.send('basic.qos-ok', {});
    expect([output.takeWritten(), output.takeWritten()]).toEqual([true, false]);
  });

  it('writes nothing once it is closed, not even what was collected', async () => {
    const { channel, output, socket } = new ChannelScene();
    channel.send('basic.qos-ok', {});
    output.close();
    channel.send('basic.qos-ok', {});
    output.heartbeat();
    output.flush();
    await setImmediate();
    expect([socket.written, output.hasRoom()]).toEqual([[], false]);
  });
});

const DELIVER = { consumerTag: 't', deliveryTag: 1, redelivered: false, exchange: '', routingKey: 'q' };
