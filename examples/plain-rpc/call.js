// @ts-check
/** Asks the Python server for two of its functions, which `app_id` names. */
import { PlainCallError, plainCall } from '@tq/core';

const text = process.argv[2] ?? 'the quick brown fox jumps over the lazy dog';

/** @type {number} */
const words = await plainCall('python_queue', text, { appId: 'count_words' });
console.log(`words: ${words}`);

/** @type {Record<string, number>} */
const letters = await plainCall('python_queue', text, { appId: 'count_letters', timeout: 10_000 });
console.log(`letters: ${JSON.stringify(letters)}`);

try {
  await plainCall('python_queue', text, { appId: 'count_sheep' });
} catch (error) {
  if (!(error instanceof PlainCallError)) throw error;
  console.log(`refused: ${error.remote.name}: ${error.remote.message}`);
}
