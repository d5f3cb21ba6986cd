import { defineConfig } from 'vitest/config';

// A fault test starts, restarts and kills brokers and workers; each such step takes seconds on a busy machine.
const FAULT_LIMIT = 120_000;

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
    testTimeout: 30_000,
    hookTimeout: FAULT_LIMIT,
    teardownTimeout: 30_000,
  },
});
