// @ts-check

const WIDTH = 60;
const ROWS = 8;
/** A cell of the chart by how many eighths of it are filled. */
const EIGHTHS = ' ▁▂▃▄▅▆▇█';

/**
 * Draws how many messages waited over time, the deepest look of each column.
 * @param {readonly number[]} depths at equal intervals
 * @param {number} seconds between the first and the last
 */
export function drawDepth(depths, seconds) {
  const width = Math.min(WIDTH, depths.length);
  const columns = Array.from({ length: width }, (_, column) => {
    const start = Math.floor((column / width) * depths.length);
    const end = Math.floor(((column + 1) / width) * depths.length);
    return Math.max(...depths.slice(start, end));
  });
  const peak = Math.max(1, ...columns);
  const label = String(peak).length;
  const rows = Array.from({ length: ROWS }, (_, row) => {
    const below = ROWS - 1 - row;
    const cells = columns.map((depth) => cell((depth / peak) * ROWS - below));
    return `${(row === 0 ? String(peak) : '').padStart(label)} │${cells.join('')}`.trimEnd();
  });
  const axis = `${'0'.padStart(label)} └${'─'.repeat(columns.length)} ${seconds.toFixed(1)} s`;
  return ['orders that wait in the queue', ...rows, axis].join('\n');
}

/** @param {number} filled how much of the cell; below 0 is empty, above 1 is full */
function cell(filled) {
  return EIGHTHS[Math.round(Math.min(1, Math.max(0, filled)) * 8)];
}
