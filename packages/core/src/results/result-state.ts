/**
 * What is known of a task, honestly:
 * `pending` not confirmed yet · `published` in its queue · `received`, `started`, `retry` where the worker tells ·
 * `success`, `failure`, `revoked` the end · `skipped` it never runs, since what it was to follow failed ·
 * `unknown` the publish failed, or its replies may be lost. A later step of a canvas is `pending` until a worker tells.
 */
export type ResultState =
  | 'pending'
  | 'published'
  | 'received'
  | 'started'
  | 'retry'
  | 'success'
  | 'failure'
  | 'revoked'
  | 'skipped'
  | 'unknown';
