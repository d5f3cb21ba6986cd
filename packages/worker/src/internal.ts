/** What tests, benchmarks and the other packages of tq use of the worker's parts; nobody else should import it. */
export { type ListedTask, type LoadedApp, loadApp, TASK_FILES } from './load-app.js';
export { loadModule, loadModules } from './load-modules.js';
export { traceWorkerOptions, WORKER_OPTIONS } from './options.js';
export { createPool, type PoolOptions } from './pools/create-pool.js';
export type { Pool, PoolServices } from './pools/pool.js';
