import { decodeForeignBody } from './foreign-body.js';
import { type InboundMessage, JSON_CONTENT_TYPE, type OutboundMessage, TRANSIENT } from './message.js';

/** The property `type` of a question for a workflow, and of the answer. */
export const WORKFLOW_TYPE = 'tq.workflow';

/** What somebody asks of all programs that have sent workflows. */
export interface WorkflowQuestion {
  /** Of the workflow, or of a part of it. */
  readonly id: string;
  /** Queue that the answer goes to. */
  readonly replyTo: string;
  readonly correlationId: string;
}

/** The body of a question. */
export function encodeWorkflowQuestion(id: string): { readonly id: string } {
  return { id };
}

/** @returns undefined for what is no question, or one that nobody could be answered */
export function decodeWorkflowQuestion({ properties, body }: InboundMessage): WorkflowQuestion | undefined {
  const { replyTo, correlationId } = properties;
  if (replyTo === undefined || correlationId === undefined) return undefined;
  try {
    const { id } = decodeForeignBody(body, 'json') as { readonly id?: unknown };
    return typeof id === 'string' ? { id, replyTo, correlationId } : undefined;
  } catch {
    return undefined;
  }
}

/** What a program answers: the tree, or why it cannot give it. */
export type WorkflowAnswer =
  | {
      readonly tree: unknown;
      /** Who knows it, `HOST:PID`. */
      readonly program: string;
    }
  | { readonly error: string; readonly program: string };

/** An answer that nobody waits for any more is worth nothing, so it need not survive a restart. */
export function encodeWorkflowAnswer(answer: WorkflowAnswer, correlationId: string): OutboundMessage {
  return {
    properties: { contentType: JSON_CONTENT_TYPE, type: WORKFLOW_TYPE, correlationId, deliveryMode: TRANSIENT },
    body: Buffer.from(JSON.stringify(answer)),
  };
}
