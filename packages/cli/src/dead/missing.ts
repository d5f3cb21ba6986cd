/** There is no dead letter of this id. */
export class DeadLetterMissingError extends Error {
  readonly code = 'dead-letter-missing';

  constructor(id: string) {
    super(`There is no dead letter of the task '${id}'. tq dead list shows what there is; another queue is a --queue.`);
    this.name = 'DeadLetterMissingError';
  }
}
