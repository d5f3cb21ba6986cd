// @ts-check
/** Runs programs for the other scripts. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './services-node.js';

const modules = join(ROOT, 'node_modules');

/** The tools' own entry points, started with this Node: quicker than npx, and the same on every system. */
export const TOOLS = {
  biome: join(modules, '@biomejs', 'biome', 'bin', 'biome'),
  tsc: join(modules, 'typescript', 'bin', 'tsc'),
  vitest: join(modules, 'vitest', 'vitest.mjs'),
};

/**
 * Runs a program in the project's folder with its output on ours, and waits.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env] added to this process's environment
 * @returns {number} the exit code; 1 when it could not start or ended by a signal
 */
export function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) console.error(`${command}: ${error.message}`);
  return status ?? 1;
}

/**
 * Runs a program in the project's folder and keeps its output.
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {{ code: number, output: string }} the exit code as `run` gives it, and what it wrote
 */
export function capture(command, args) {
  const result = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return { code: result.status ?? 1, output: `${result.stdout}${result.stderr}${result.error?.message ?? ''}` };
}

/**
 * Runs a script's main function: an error is one line on stderr and exit code 1, never a stack.
 * @param {string} name
 * @param {() => Promise<number> | number} main returns the exit code
 */
export async function runScript(name, main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
