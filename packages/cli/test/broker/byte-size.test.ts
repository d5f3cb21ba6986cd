import { expect, it } from 'vitest';
import { formatByteSize, parseByteSize } from '../../src/broker/byte-size.js';

it.each([
  ['1048576', 1_048_576],
  ['10b', 10],
  ['256mb', 268_435_456],
  ['256 MB', 268_435_456],
  ['1.5gb', 1_610_612_736],
  ['0.5kb', 512],
])('reads %s as %d bytes', (text, bytes) => {
  expect(parseByteSize(text, '--memory-limit')).toBe(bytes);
});

it.each(['', 'mb', '0', '-1mb', '1tb', '1.mb', '1e9', '999999999gb', '0.1b'])(
  'refuses %j and says what it takes',
  (text) => {
    expect(() => parseByteSize(text, '--memory-limit')).toThrow(
      `--memory-limit: expected a size such as 256mb, 1.5gb or 1048576, found '${text}'.`,
    );
  },
);

it.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_024, '1 KB'],
  [12_897_485, '12.3 MB'],
  [268_435_456, '256 MB'],
  [1_610_612_736, '1.5 GB'],
])('shows %d bytes as %s', (bytes, text) => {
  expect(formatByteSize(bytes)).toBe(text);
});
