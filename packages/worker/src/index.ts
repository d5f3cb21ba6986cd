export type { WorkerEvents } from '@tq/core';
export type { WorkerHealth, WorkerState } from './health.js';
export { type HealthServer, type HealthServerOptions, startHealthServer } from './health-server.js';
export type { WorkerOptions } from './options.js';
export { createWorker, type StopOptions, type Worker } from './worker.js';
