import { nearest, TqError } from '@tq/core/internal';

/** The error for a queue that is not there, with the nearest of those that are known. */
export function missingQueue(name: string, known: readonly string[]): TqError {
  const others = known.filter((other) => other !== name);
  const hint = known.includes(name)
    ? 'Its first call or its first worker declares it.'
    : suggestion(nearest(name, others), others);
  return new TqError('queue-missing', `There is no queue '${name}'. ${hint}`, { fields: { queue: name } });
}

function suggestion(near: string | undefined, others: readonly string[]): string {
  return near === undefined ? `The app's are ${others.join(', ')}.` : `Did you mean '${near}'?`;
}
