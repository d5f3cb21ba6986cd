import { hasCode, type WorkflowTree } from '@tq/core';
import {
  type App,
  encodeWorkflowQuestion,
  formatDuration,
  readWorkflowAnswer,
  WORKFLOW_TYPE,
  workflowsExchange,
} from '@tq/core/internal';
import { WorkflowMissingError } from './missing.js';

/**
 * Asks all programs that have sent workflows for one, and takes the first answer.
 * @throws {WorkflowMissingError}
 * @throws {TqError} what is wrong with the way there, and `poison` for an answer that is none
 */
export async function askWorkflow(app: App, id: string, timeout: number): Promise<WorkflowTree> {
  // The exchange is the same under every prefix; the app puts its own before it.
  const exchange = workflowsExchange('');
  const answer = app.plainCall(exchange, encodeWorkflowQuestion(id), { exchange, type: WORKFLOW_TYPE, timeout });
  return readWorkflowAnswer(await answer.catch((error: Error) => fail(error, id, timeout)));
}

function fail(error: Error, id: string, timeout: number): never {
  if (hasCode(error, 'unroutable') || hasCode(error, 'exchange-missing')) {
    throw new WorkflowMissingError(id, 'none that has sent one runs.');
  }
  if (!hasCode(error, 'plain-call-timeout')) throw error;
  // Not even the broker said anything.
  if (hasCode(error.cause, 'publish-timeout')) throw error.cause;
  throw new WorkflowMissingError(id, `none did within ${formatDuration(timeout)}.`);
}
