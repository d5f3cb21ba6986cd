import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { TOOLS } from '../../scripts/run.js';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The compiler's exit code and output over the files beside this one, whose wrong lines expect their errors. */
async function compile(...options: readonly string[]): Promise<string> {
  const args = [TOOLS.tsc, '-p', here, ...options];
  return promisify(execFile)(process.execPath, args).then(
    () => 'no errors',
    (error: { stdout?: string; message: string }) => error.stdout || error.message,
  );
}

it.each(['true', 'false'])('right calls compile and wrong ones do not (experimentalDecorators %s)', async (legacy) => {
  expect(await compile('--experimentalDecorators', legacy)).toBe('no errors');
});

it('the same holds for a project with fewer checks', async () => {
  const fewer = ['--exactOptionalPropertyTypes', 'false', '--noUncheckedIndexedAccess', 'false'];
  expect(await compile(...fewer, '--verbatimModuleSyntax', 'false')).toBe('no errors');
});

/** What the compiler says of one file. */
async function check(source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tq-types-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const core = fileURLToPath(new URL('../../packages/core/dist/index.d.ts', import.meta.url));
  const compilerOptions = { module: 'nodenext', strict: true, noEmit: true, skipLibCheck: true, types: [] };
  const config = { compilerOptions: { ...compilerOptions, paths: { '@tq/core': [core] } }, files: ['chain.mts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  await writeFile(join(folder, 'chain.mts'), source);
  return promisify(execFile)(process.execPath, [TOOLS.tsc, '-p', folder, '--extendedDiagnostics']).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}

/** A chain with one step a line, from line 4 on. */
function chainOf(steps: readonly string[]): string {
  return `import { chain, defineTask } from '@tq/core';
const text = defineTask('text', (n: number): string => String(n)), size = defineTask('size', (word: string): number => word.length);
export const last: string = await chain(
${steps.join(',\n')}
).delay().get();
`;
}

it('a chain of 200 steps costs the compiler twice what one of 100 does, and its wrong step is named where it stands', async () => {
  const steps = [
    "size.s('a')",
    ...Array.from({ length: 199 }, (_, index) => (index % 2 === 0 ? 'text.s()' : 'size.s()')),
  ];
  const cost = async (count: number) => {
    const said = await check(chainOf(steps.slice(0, count)));
    expect(said).not.toContain('error');
    return Number(/Instantiations:\s*(\d+)/.exec(said)?.[1]);
  };
  const [half, whole] = [await cost(100), await cost(200)];
  expect(whole / half).toBeLessThan(2.5);
  expect(whole).toBeLessThan(30_000);
  const wrong = await check(chainOf(steps.toSpliced(150, 1)));
  expect(wrong).toMatch(/chain\.mts.{1,5}154/);
  expect(wrong).toContain("'this step does not take what the step before it gives'");
  expect(wrong.match(/error TS/g)).toHaveLength(1);
});
