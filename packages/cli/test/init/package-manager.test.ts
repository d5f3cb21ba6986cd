import { expect, it } from 'vitest';
import { findPackageManager, wordsOf } from '../../src/init/package-manager.js';

it.each([
  [undefined, 'npm'],
  ['npm/11.0.0 node/v22.0.0 linux x64', 'npm'],
  ['pnpm/10.34.9 npm/? node/v22.0.0 linux x64', 'pnpm'],
  ['yarn/4.9.1 npm/? node/v22.0.0 linux x64', 'yarn'],
  ['other/1.0.0', 'npm'],
])('who calls itself %j is %s', (agent, manager) => {
  expect(findPackageManager({ npm_config_user_agent: agent })).toBe(manager);
});

it.each([
  ['npm', ['npm install', 'npm run dev -- --port 1', 'npm start', 'npx tq tasks']],
  ['pnpm', ['pnpm install', 'pnpm dev --port 1', 'pnpm start', 'pnpm exec tq tasks']],
  ['yarn', ['yarn install', 'yarn dev --port 1', 'yarn start', 'yarn tq tasks']],
] as const)('%s has words of its own', (manager, expected) => {
  const words = wordsOf(manager);
  expect([words.install, words.script('dev', '--port', '1'), words.script('start'), words.exec('tq tasks')]).toEqual(
    expected,
  );
});
