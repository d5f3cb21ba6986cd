import { TqError } from '../../errors.js';
import type { StepMessage } from './step-message.js';

/** Why a step is no message: it is larger than one may be; undefined where it is not. */
export function stepTooLarge({ envelope }: StepMessage, maxMessageBytes: number): TqError | undefined {
  const { task, bodyText, embed = '' } = envelope;
  const bytes = Buffer.byteLength(bodyText) + Buffer.byteLength(embed);
  if (bytes <= maxMessageBytes) return undefined;
  const text = `The call of '${task}' that follows has ${bytes} bytes, more than the ${maxMessageBytes} that maxMessageBytes allows; store what is large elsewhere and pass a reference.`;
  return new TqError('message-too-large', text, { fields: { task, bytes, limit: maxMessageBytes } });
}
