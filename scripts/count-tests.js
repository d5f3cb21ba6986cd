// @ts-check
/**
 * `node scripts/count-tests.js REPORT EXIT_CODE`: prints `N passed, N failed` (and `, N skipped`) from vitest's JSON
 * report. Ends with 1 unless something ran, nothing failed and vitest itself ended with 0.
 */
import { existsSync, readFileSync } from 'node:fs';
import { runScript } from './run.js';

/** @typedef {{ status: string, assertionResults: { status: string }[] }} FileResult */

await runScript('count-tests', () => {
  const [report = '', exitCode = '1'] = process.argv.slice(2);
  const { passed, failed, skipped } = count(report);
  // An error outside of every test fails the run and is in no file's results.
  const failures = failed === 0 && exitCode !== '0' ? 1 : failed;
  console.log(`${passed} passed, ${failures} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
  return passed > 0 && failures === 0 ? 0 : 1;
});

/** @param {string} report path of the report; one that is missing or empty counts as nothing run */
function count(report) {
  const text = existsSync(report) ? readFileSync(report, 'utf8') : '';
  /** @type {{ testResults: FileResult[] }} */
  const { testResults } = text === '' ? { testResults: [] } : JSON.parse(text);
  const states = testResults.flatMap((file) => file.assertionResults.map(({ status }) => status));
  // A file that could not be loaded, or whose hook failed, is a failure although none of its tests is.
  const broken = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  );
  const passed = states.filter((state) => state === 'passed').length;
  const failed = states.filter((state) => state === 'failed').length;
  return { passed, failed: failed + broken.length, skipped: states.length - passed - failed };
}
