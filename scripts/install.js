// @ts-check
/**
 * Makes a checkout ready to run: dependencies as the lockfile says, packages built. It runs before anything is
 * installed and therefore has no dependency. Both steps say so in one line when they have something to do.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.js';
import { ROOT } from './services-node.js';

/**
 * Installs and builds what is out of date.
 * @throws when a step fails; its own output is on stderr by then
 */
export function installAndBuild() {
  installDependencies();
  if (run(process.execPath, [join(ROOT, 'scripts', 'build.js')]) !== 0) {
    throw new Error('expected the packages to build, found the errors above: mend them, then run this again');
  }
}

/**
 * Installs what the lockfile says, unless that is what is installed: pnpm keeps a copy of the lockfile beside its work.
 * @throws when pnpm fails
 */
export function installDependencies() {
  const wanted = readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8');
  const copy = join(ROOT, 'node_modules', '.pnpm', 'lock.yaml');
  if (existsSync(copy) && readFileSync(copy, 'utf8') === wanted) return;
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  console.error(`tq: installing dependencies with ${packageManager}`);
  // Through npx with the pinned version: corepack, where it is there at all, fails on keys that it does not know.
  if (run('npx', ['-y', packageManager, 'install', '--frozen-lockfile']) !== 0) {
    throw new Error(`expected \`npx ${packageManager} install\` to work, found the errors above`);
  }
}
