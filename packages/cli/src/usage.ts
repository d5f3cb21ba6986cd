/** The command line is not understood. `command` is whose help explains it. */
export class UsageError extends Error {
  readonly code = 'usage';
  readonly command: string | undefined;

  constructor(message: string, command?: string) {
    super(message);
    this.name = 'UsageError';
    this.command = command;
  }
}

/** "Did you mean" for a word that nobody knows, or what there is. The core package is loaded only for this. */
export async function suggest(word: string, known: readonly string[]): Promise<string> {
  const { nearest } = await import('@tq/core/internal');
  const near = nearest(word, known);
  return near === undefined ? `Known are ${known.join(', ')}.` : `Did you mean ${near}?`;
}
