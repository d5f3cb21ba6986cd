// @ts-check

/** @typedef {{ readonly isTTY?: boolean, write(text: string): unknown }} Output */

const WIDTH = 40;
/** Lines that a log gets in place of the bar. */
const STEPS = 4;

/**
 * Shows how many of `total` are done: a bar on a terminal, a few lines anywhere else.
 * @param {number} total
 */
export function startProgress(total, out = /** @type {Output} */ (process.stdout)) {
  let done = 0;

  const drawBar = () => {
    const filled = Math.floor((done / total) * WIDTH);
    out.write(`\r[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${done} of ${total}`);
  };

  const writeLine = () => {
    if (done % Math.ceil(total / STEPS) === 0 || done === total) out.write(`${done} of ${total} results\n`);
  };

  return {
    advance() {
      done += 1;
      if (out.isTTY) drawBar();
      else writeLine();
    },
    finish() {
      if (out.isTTY) out.write('\n');
    },
  };
}
