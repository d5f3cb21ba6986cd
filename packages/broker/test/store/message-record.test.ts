import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecordReader, recordQueueId, recordSize, writeRecord } from '../../src/store/message-record.js';
import { message, restoreContent } from './scene.js';

const text = fc.string({ unit: 'binary', maxLength: 300 });

it('gives messages back as they were', () => {
  const reader = new RecordReader(restoreContent);
  fc.assert(
    fc.property(
      fc.record({ exchange: text, routingKey: text, blindKeys: fc.array(text, { maxLength: 3 }) }),
      fc.record({ expiresAt: fc.option(fc.nat(), { nil: undefined }), deliveryCount: fc.nat() }),
      fc.uint8Array({ maxLength: 40 }).filter((bytes) => bytes[0] !== 'u'.charCodeAt(0)),
      fc.nat(),
      (names, counts, bytes, queueId) => {
        const content = restoreContent(Buffer.from(bytes), Math.floor(bytes.length / 2));
        const original = { message: { ...names, content }, ...counts };
        const record = Buffer.alloc(recordSize(original.message));
        writeRecord(record, queueId, original);
        const read = reader.read(record);
        expect(recordQueueId(record)).toBe(queueId);
        expect({ ...read, message: { ...read.message, content: undefined } }).toEqual({
          ...original,
          message: { ...names, content: undefined },
        });
        expect(read.message.content.bytes).toEqual(content.bytes);
        expect(read.message.content.bodyOffset).toBe(content.bodyOffset);
      },
    ),
  );
});

it('refuses a row whose parts do not fit into it', () => {
  const original = message('body', { exchange: 'x', routingKey: 'key' });
  const record = Buffer.alloc(recordSize(original));
  writeRecord(record, 1, { message: original, expiresAt: undefined, deliveryCount: 0 });
  const spoil = (offset: number) => {
    const spoilt = Buffer.from(record);
    spoilt.writeUInt32BE(1_000, offset);
    return () => new RecordReader(restoreContent).read(spoilt);
  };
  const [bodyOffset, namesSize, exchangeSize] = [16, 20, 24];
  expect(spoil(bodyOffset)).toThrow('expected a body at byte');
  expect(spoil(namesSize)).toThrow('expected a body at byte');
  expect(spoil(exchangeSize)).toThrow('expected a name to end by byte');
  expect(() => new RecordReader(restoreContent).read(record.subarray(0, 10))).toThrow(RangeError);
});
