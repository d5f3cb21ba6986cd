// @ts-check
/** Makes calls of which some fail, and shows what the error reporter got. */
import { declareTask } from '@tq/core';

/** @typedef {{ level: string, type: string, message: string, tags: Record<string, unknown> }} Report */

const collector = process.env.REPORT_URL ?? 'http://127.0.0.1:9070';

/** @type {typeof import('./tasks.js').charge} */
const charge = declareTask('charge');
/** @type {typeof import('./tasks.js').convert} */
const convert = declareTask('convert');

const headers = { tenant: 'acme' };
console.log(await charge.apply(['A1', 1_999], { headers }).get());
console.log(await endOf(charge.apply(['A2', 0], { headers })));
console.log(await endOf(convert.apply(['cat.png'], { headers })));

// One of the failed charge, and one for each thread that `convert` took down.
const response = await fetch(`${collector}/reports?count=4`);
const reports = /** @type {Report[]} */ (await response.json());
for (const { level, type, message, tags } of reports) {
  console.log(`${level}: ${type}: ${message} [${tags.task}, attempt ${tags.attempt}, tenant ${tags.tenant}]`);
}
console.log(`${reports.length} reports`);

/** @param {import('@tq/core').AsyncResult<unknown>} result */
function endOf(result) {
  return result.get().catch((error) => `failed: ${error.message}`);
}
