import { expect, it } from 'vitest';
import { formatReport } from '../../src/dead/report.js';

const report = { matched: 10, moved: 10, returned: 0, skipped: 0, aborted: false };

it.each([
  [report, '10 messages retried'],
  [{ ...report, moved: 1, matched: 1 }, '1 message retried'],
  [{ ...report, moved: 8, skipped: 2 }, '8 messages retried, 2 left where they are'],
  [{ ...report, moved: 9, returned: 1 }, '9 messages retried, 1 came back: their queue was deleted in that moment'],
  [{ ...report, moved: 4, aborted: true }, '4 messages retried, 6 not reached'],
])('of %j is %s', (given, text) => {
  expect(formatReport(given)).toBe(text);
});
