import type { EncodedError, WireError } from '../error-codec.js';
import { isRecord } from '../is-record.js';
import type { InboundMessage, OutboundMessage } from '../message.js';
import { HEADER } from '../names.js';
import { UNDEFINED_RESULT } from '../reply.js';
import { fieldsOf, type JsonText } from './json-text.js';
import type { Member } from './member.js';

/** How a member of a chord ended, as its chord's queue has it. */
export interface ChordReply {
  readonly taskId: string;
  /** Name of its task; undefined where the reply does not say it. */
  readonly task: string | undefined;
  /** The member's. */
  readonly index: number;
  readonly outcome:
    | { readonly kind: 'success'; readonly resultText: JsonText }
    /** It failed, or never ran. */
    | { readonly kind: 'failure'; readonly failure: EncodedError };
}

/**
 * A member's final reply as its chord's queue gets it. It says the name of the task, by which the error of a chord that
 * fails names it.
 * @param reply as the caller gets it
 */
export function toChordReply(reply: OutboundMessage, { index, task }: Pick<Member, 'index' | 'task'>): OutboundMessage {
  return {
    ...reply,
    properties: { ...reply.properties, headers: { [HEADER.groupIndex]: index, [HEADER.task]: task } },
  };
}

/** Reads what stands in a chord's queue; undefined when it is no final reply of a member, whoever put it there. */
export function readChordReply({
  properties,
  body,
}: Pick<InboundMessage, 'properties' | 'body'>): ChordReply | undefined {
  const { [HEADER.groupIndex]: index, [HEADER.task]: task } = properties.headers ?? {};
  const text = body.toString('utf8');
  const reply = parsed(text);
  if (!isRecord(reply) || typeof reply.task_id !== 'string' || !isIndex(index)) return undefined;
  const outcome = outcomeOf(reply, text);
  return outcome && { taskId: reply.task_id, task: typeof task === 'string' ? task : undefined, index, outcome };
}

function outcomeOf(reply: Record<string, unknown>, text: string): ChordReply['outcome'] | undefined {
  switch (reply.status) {
    case 'SUCCESS': {
      const resultText = reply.result_type === 'undefined' ? UNDEFINED_RESULT : fieldsOf(text, 'reply').get('result');
      return { kind: 'success', resultText: resultText ?? 'null' };
    }
    case 'FAILURE':
    case 'REVOKED':
      return { kind: 'failure', failure: failureOf(reply) };
    default:
      return undefined;
  }
}

function failureOf({ result, traceback }: Record<string, unknown>): EncodedError {
  const stack = typeof traceback === 'string' ? traceback : null;
  return {
    error: isRecord(result) && typeof result.exc_type === 'string' ? wireError(result) : UNKNOWN,
    traceback: stack,
  };
}

/** Whatever else stands there is read where an error is made of it. */
function wireError(result: Record<string, unknown>): WireError {
  const { exc_message: text } = result;
  const readable = typeof text === 'string' || Array.isArray(text);
  return { exc_module: '', ...result, exc_message: readable ? text : [] } as unknown as WireError;
}

const UNKNOWN: WireError = { exc_type: 'Error', exc_message: ['The failure says nothing.'], exc_module: '' };

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
