import { configDefaults, defineConfig } from 'vitest/config';

/** Files that talk to a broker: they run on the embedded broker and, where `TQ_TEST_AMQP_URL` names one, on RabbitMQ. */
const ON_A_BROKER = ['test/{conformance,e2e,faults,interop}/**/*.test.ts', '**/*.broker.test.ts'];
/** Of these, files whose subject is no broker, loaders and reloading for instance: what they show on one they show on each. */
const ON_ANY_BROKER = ['test/e2e/{cli-watch,config-file,examples-of-calls,two-copies,typescript-projects}.test.ts'];
/** Files about what RabbitMQ alone has: clusters, users' permissions, rabbitmqctl. */
const ON_RABBITMQ_ONLY = ['**/*.rabbitmq.test.ts'];
/** Files about the packages as they are installed: from tarballs, with what they need from npm's registry. */
const ON_TARBALLS = ['test/packages/**/*.test.ts'];
/** Files whose subject is what a process has one of: its default app, its environment, its end. Each has a process of its own. */
const ALONE = [
  'packages/cli/test/command-line.test.ts',
  'packages/worker/test/load-app.test.ts',
  'packages/worker/test/pools/*-pool.test.ts',
];
const ALL = ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'];
const NEVER = [...configDefaults.exclude, '**/dist/**'];

// What hangs is told from what is slow: tests start, restart and kill brokers and workers, and each such step takes
// seconds on a busy machine.
const LIMIT_MS = 120_000;

const ELSEWHERE = [...NEVER, ...ON_A_BROKER, ...ON_RABBITMQ_ONLY, ...ON_TARBALLS];

/**
 * The files of a project run one after another in the same few processes: a process for each costs more than most of them
 * do. A file that leaves its process changed fails.
 */
const shareProcesses = { isolate: false, setupFiles: ['test/support/shared-process.ts'] };

const unit = { name: 'unit', include: ALL, exclude: [...ELSEWHERE, ...ALONE], ...shareProcesses };
const alone = { name: 'unit-alone', include: ALONE, exclude: NEVER };
const embedded = {
  name: 'embedded',
  include: ON_A_BROKER,
  exclude: [...NEVER, ...ON_RABBITMQ_ONLY],
  globalSetup: ['test/support/embedded-setup.ts'],
  ...shareProcesses,
};
const rabbitmq = {
  name: 'rabbitmq',
  include: [...ON_A_BROKER, ...ON_RABBITMQ_ONLY],
  exclude: [...NEVER, ...ON_ANY_BROKER],
  globalSetup: ['test/support/rabbitmq-setup.ts'],
  ...shareProcesses,
};
const packages = { name: 'packages', include: ON_TARBALLS, globalSetup: ['test/support/packed-setup.ts'] };
const projects = [unit, alone, embedded, packages, ...(process.env.TQ_TEST_AMQP_URL ? [rabbitmq] : [])];

export default defineConfig({
  test: {
    pool: 'forks',
    // Two more than the cores of a small machine: tests of brokers and processes wait for most of their time.
    maxWorkers: 4,
    retry: 0,
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    teardownTimeout: 30_000,
    projects: projects.map((test) => ({ extends: true, test })),
  },
});
