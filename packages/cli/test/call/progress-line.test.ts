import { expect, it } from 'vitest';
import { progressLine, progressText } from '../../src/call/progress-line.js';

const progress = (done: number, total?: number, message?: string) => ({ done, total, message });

it.each([
  [progress(0, 50), '0% (0 of 50)'],
  [progress(21, 50, 'reading'), '42% (21 of 50) reading'],
  [progress(49.999, 50), '99% (50 of 50)'],
  [progress(60, 50), '100% (60 of 50)'],
  [progress(0, 0), '100% (0 of 0)'],
  [progress(0.125, 1), '12% (0.13 of 1)'],
  [progress(12, undefined, 'lines'), '12 done lines'],
  [progress(1, 2, 'a\u001b[2Jb\nc'), '50% (1 of 2) a\\x1b[2Jb\\nc'],
])('says %j as text without control characters', (told, text) => {
  expect(progressText(told)).toBe(text);
});

it.each([
  [80, progress(21, 50, 'reading'), `[${'#'.repeat(12)}${'.'.repeat(18)}] 42% (21 of 50) reading`],
  [80, progress(50, 50, 'x'.repeat(99)), `[${'#'.repeat(30)}] 100% (50 of 50) ${'x'.repeat(29)}…`],
  [40, progress(21, 50, 'reading'), `[${'#'.repeat(9)}${'.'.repeat(13)}] 42% (21 of 50)`],
  [24, progress(21, 50, 'reading'), '[##....] 42% (21 of 50)'],
  [20, progress(21, 50, 'reading'), '42% (21 of 50) rea…'],
  [10, progress(21, 50, 'reading'), '42% (21 of 50)'],
  [80, progress(12, undefined, 'lines'), '12 done lines'],
  [22, progress(12, undefined, '東京大阪京都名古屋'), '12 done 東京大阪京都…'],
  [14, progress(12, undefined, '👍👍👍'), '12 done 👍👍…'],
])('is a bar and a text in a terminal of %i columns for %j', (columns, told, line) => {
  expect(progressLine(told, columns)).toBe(line);
});

it('never takes more than the columns but one, so that the next line is drawn over it', () => {
  for (let columns = 16; columns < 120; columns++) {
    const line = progressLine(progress(21, 50, 'a message of some length that does not end here'), columns);
    expect(line.length).toBeLessThan(columns);
  }
});
