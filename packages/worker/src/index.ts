export type { WorkerEvents } from '@tq/core';
export type { WorkerOptions } from './options.js';
export { createWorker, type StopOptions, type Worker, type WorkerHealth, type WorkerState } from './worker.js';
