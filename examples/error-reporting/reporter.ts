/** The client of the error reporter: the one file to change for a real one (README.md says how). */

/** Where reports go; `collector.js` listens there. */
const URL = process.env.REPORT_URL ?? 'http://127.0.0.1:9070';
const TIMEOUT_MS = 2_000;

/** What a report is filed under. */
export type Tags = Readonly<Record<string, string | number | boolean | undefined>>;

/** Sends a report; never throws, since a reporter that is away must not fail tasks. */
export async function report(level: 'error' | 'warning', error: unknown, tags: Tags): Promise<void> {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  try {
    const body = JSON.stringify({ level, type: name, message, stack, tags, time: new Date().toISOString() });
    await fetch(`${URL}/reports`, { method: 'POST', body, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (failure) {
    console.error('a report could not be sent:', failure);
  }
}
