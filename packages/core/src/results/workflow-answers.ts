import type { InboundMessage } from '../protocol/message.js';
import {
  decodeWorkflowQuestion,
  encodeWorkflowAnswer,
  type WorkflowAnswer,
  type WorkflowQuestion,
} from '../protocol/workflow-question.js';
import type { Logger } from '../runtime.js';
import type { PublishListener, Transport } from './transport.js';
import type { Workflow } from './workflow.js';
import { idsOf } from './workflow-tree.js';

export interface WorkflowAnswersOptions {
  readonly transport: Pick<Transport, 'publish' | 'takeQuestions'>;
  /** Tasks, groups and chords of the workflows that are kept, at most. */
  readonly maxParts: number;
  /** Largest body that is sent, bytes. */
  readonly maxMessageBytes: number;
  /** Who answers, `HOST:PID`. */
  readonly program: string;
  readonly logger: Logger;
}

/** Answers that wait for their confirm, at most: whoever asks more than that gets no answer. */
const MAX_OPEN = 16;
/** Nobody waits for an answer much longer, ms. */
const PUBLISH_TIMEOUT_MS = 10_000;

/**
 * The workflows that this program has sent last, for whoever asks how far they are (`tq workflow`): their states come in
 * replies, which nobody else gets. Questions come from anybody, so that nothing in them may do harm.
 */
export class WorkflowAnswers {
  readonly #options: WorkflowAnswersOptions;
  readonly #byId = new Map<string, Workflow>();
  /** The oldest first, each with its ids. */
  readonly #kept = new Map<Workflow, readonly string[]>();
  #open = 0;
  #listens = false;

  constructor(options: WorkflowAnswersOptions) {
    this.#options = options;
  }

  /** Keeps a workflow, in place of the oldest; the first one makes this program take questions. */
  keep(workflow: Workflow): void {
    const { maxParts, transport } = this.#options;
    if (!this.#listens) transport.takeQuestions?.((message) => this.#asked(message));
    this.#listens = true;
    const ids = [...idsOf(workflow.root)];
    if (ids.length > maxParts) return;
    this.#kept.set(workflow, ids);
    for (const id of ids) this.#byId.set(id, workflow);
    for (const [oldest, itsIds] of this.#kept) {
      if (this.#byId.size <= maxParts) return;
      this.#kept.delete(oldest);
      // An id that a later workflow has too is that one's.
      for (const id of itsIds) if (this.#byId.get(id) === oldest) this.#byId.delete(id);
    }
  }

  #asked(message: InboundMessage): void {
    const { logger } = this.#options;
    const question = decodeWorkflowQuestion(message);
    if (question === undefined) {
      logger.debug({}, 'a question for a workflow cannot be read');
      return;
    }
    const workflow = this.#byId.get(question.id);
    if (workflow === undefined || this.#open >= MAX_OPEN) return;
    this.#answer(question, workflow);
  }

  #answer({ replyTo, correlationId, id }: WorkflowQuestion, workflow: Workflow): void {
    const { transport, maxMessageBytes, program, logger } = this.#options;
    let message = encodeWorkflowAnswer({ tree: workflow.tree(), program }, correlationId);
    const { length } = message.body;
    if (length > maxMessageBytes)
      message = encodeWorkflowAnswer(tooLarge(length, maxMessageBytes, program), correlationId);
    this.#open++;
    const listener: PublishListener = {
      confirmed: () => void this.#open--,
      failed: (err) => {
        this.#open--;
        logger.debug({ id, err }, 'the answer for a workflow was not sent');
      },
    };
    transport.publish({
      target: { exchange: '', routingKey: replyTo },
      message,
      mandatory: false,
      publishTimeoutMs: PUBLISH_TIMEOUT_MS,
      signal: undefined,
      listener,
    });
  }
}

function tooLarge(bytes: number, limit: number, program: string): WorkflowAnswer {
  const error = `The tree of the workflow has ${bytes} bytes, and a message at most ${limit} (maxMessageBytes).`;
  return { error, program };
}
