/** No program answers for this workflow. */
export class WorkflowMissingError extends Error {
  readonly code = 'workflow-missing';

  /** @param found what is known */
  constructor(id: string, found: string) {
    super(
      `No program answers for the workflow '${id}': ${found} The program that sent a workflow knows its states, so it has to run still. ` +
        'Is the id right, and the prefix?',
    );
    this.name = 'WorkflowMissingError';
  }
}
