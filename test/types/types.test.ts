import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
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
