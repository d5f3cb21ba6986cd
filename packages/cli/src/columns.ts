/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand to the right. Default: false. */
  readonly numeric?: boolean | undefined;
}

/** A table: a line of titles, and a line for each row. */
export function formatColumns(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const table = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) => Math.max(...table.map((row) => (row[index] ?? '').length)));
  const pad = (text: string, index: number) =>
    columns[index]?.numeric ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0);
  return table.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}
