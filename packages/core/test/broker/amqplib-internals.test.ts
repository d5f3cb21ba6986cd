import { Writable } from 'node:stream';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { publishConfirmed, writeTurnsTogether } from '../../src/broker/amqplib-internals.js';

describe('writeTurnsTogether', () => {
  it('hands over in one piece what is written in one turn, and nothing waits for the next', async () => {
    const pieces: string[][] = [];
    const stream = new Writable({
      write: (chunk, _, done) => {
        pieces.push([String(chunk)]);
        done();
      },
      writev: (chunks, done) => {
        pieces.push(chunks.map(({ chunk }) => String(chunk)));
        done();
      },
    });
    writeTurnsTogether({ connection: { stream } } as unknown as ChannelModel);
    for (const frame of ['a', 'b', 'c']) stream.write(Buffer.from(frame));
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(pieces).toEqual([['a', 'b', 'c']]);
    stream.write(Buffer.from('d'));
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(pieces.at(-1)).toEqual(['d']);
  });

  it('keeps what was written when the stream ends in the same turn', async () => {
    const written: string[] = [];
    const stream = new Writable({
      write: (chunk, _, done) => {
        written.push(String(chunk));
        done();
      },
    });
    writeTurnsTogether({ connection: { stream } } as unknown as ChannelModel);
    stream.write(Buffer.from('last words'));
    await new Promise<void>((resolve) => stream.end(resolve));
    expect(written).toEqual(['last words']);
  });
});

describe('publishConfirmed', () => {
  const message = { properties: { contentType: 'application/json', correlationId: 'i1' }, body: Buffer.from('[]') };

  it('sends an empty header table where there are no headers, as amqplib does', () => {
    const sent: unknown[] = [];
    const confirms: unknown[] = [];
    const channel = {
      sendMessage: (...parts: unknown[]) => sent.push(parts) > 0,
      pushConfirmCallback: (callback: unknown) => confirms.push(callback),
    };
    const onConfirm = () => undefined;
    const fields = { exchange: 'x', routingKey: 'k', mandatory: true };
    expect(publishConfirmed(channel as unknown as ConfirmChannel, fields, message, onConfirm)).toBe(true);
    expect(sent).toEqual([[fields, { ...message.properties, headers: {} }, message.body]]);
    expect(confirms).toEqual([onConfirm]);
  });

  it('goes through publish where a version of amqplib has other insides', () => {
    const sent: unknown[] = [];
    const channel = { publish: (...parts: unknown[]) => sent.push(parts) > 0 };
    const onConfirm = () => undefined;
    const fields = { exchange: 'x', routingKey: 'k', mandatory: false };
    publishConfirmed(channel as unknown as ConfirmChannel, fields, message, onConfirm);
    expect(sent).toEqual([['x', 'k', message.body, { ...message.properties, mandatory: false }, onConfirm]]);
  });
});
