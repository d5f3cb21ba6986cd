import { PublishError } from '../errors.js';
import { EMPTY_EMBED, type Embed, embedText } from '../protocol/canvas/embed.js';
import { bodyTextOf, type ExpandedCall } from '../protocol/canvas/expand.js';
import type { JsonText } from '../protocol/canvas/json-text.js';
import type { ChordOf } from '../protocol/canvas/wire-step.js';
import type { Preset } from '../protocol/preset.js';

/**
 * Writes what comes after each of the calls, and looks at the size of each message before the first is sent.
 * @param maxMessageBytes largest body that is sent
 * @throws {PublishError} `message-too-large`, naming the call
 */
export function embedsWithin(
  calls: readonly ExpandedCall[],
  maxMessageBytes: number,
  preset: Preset,
): (JsonText | undefined)[] {
  // Members of a header that say nothing else share one text, however many there are.
  const shared = new Map<ChordOf, JsonText | undefined>();
  return calls.map((call) => {
    const embed = textOf(call.embed, shared, preset);
    const bytes = Buffer.byteLength(bodyTextOf(call, preset)) + bytesOf(embed, preset);
    if (bytes > maxMessageBytes) throw tooLarge(call.step.task, bytes, maxMessageBytes);
    return embed;
  });
}

function textOf(embed: Embed, shared: Map<ChordOf, JsonText | undefined>, preset: Preset): JsonText | undefined {
  const { chord, callbacks, errbacks, chain } = embed;
  if (chord === undefined || callbacks.length + errbacks.length + chain.length > 0) return embedText(embed, preset);
  const known = shared.get(chord);
  if (known !== undefined) return known;
  const text = embedText(embed, preset);
  shared.set(chord, text);
  return text;
}

/** It stands where otherwise the embed would stand that says nothing. */
function bytesOf(embed: JsonText | undefined, preset: Preset): number {
  return embed === undefined ? 0 : Buffer.byteLength(embed) - EMPTY_EMBED[preset].length;
}

function tooLarge(task: string, bytes: number, maxMessageBytes: number): PublishError {
  const text =
    `The call of task '${task}' has ${bytes} bytes with all that is to follow it, more than the ${maxMessageBytes} that ` +
    'maxMessageBytes allows, so nothing of the canvas was sent; store the data elsewhere and send a reference, or let a ' +
    'task send the rest.';
  return new PublishError('message-too-large', text, { fields: { task, bytes, maxMessageBytes } });
}
