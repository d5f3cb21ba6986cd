import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/table.js';
import { findCandidates } from '../../src/completion/candidates.js';

const names = { task: ['fib', 'mail.send'], queue: ['mail', 'math'], 'task-queue': ['mail', 'math'] };

/** Completes the last word of a line, after `tq`. */
async function completed(line: string): Promise<readonly string[]> {
  const words = line.split(' ');
  const found = await findCandidates(words.slice(0, -1), words.at(-1) ?? '', COMMANDS, async (kind) => names[kind]);
  return found.map(({ word }) => word);
}

describe('completion of tq', () => {
  it('offers every command of the table, each with its summary', async () => {
    const found = await findCandidates([], '', COMMANDS, async () => []);
    expect(found).toEqual(
      expect.arrayContaining(COMMANDS.map(({ name, summary }) => ({ word: name, describe: summary }))),
    );
  });

  it.each([
    ['work', ['worker', 'workflow']],
    ['--he', ['--help']],
    ['help worke', ['worker']],
    ['help queues sh', ['show']],
    ['queues p', ['purge']],
    ['queues purge mail m', ['mail', 'math']],
    ['queues list --js', ['--json']],
    ['dead l', ['list']],
    ['dead list --task mail', ['mail.send']],
    ['dead list --queue=mat', ['--queue=math']],
    ['dead list --reason fail', ['failed']],
    ['dead list --reason failed --reaso', ['--reason']],
    ['worker --conc', ['--concurrency']],
    ['worker --pool as', ['async']],
    ['worker --pool=as', ['--pool=async']],
    ['worker --concurrency 2 --conc', []],
    ['queues list --conf', ['--config']],
    ['broker --conf', []],
    ['broker --user a:b --us', ['--user']],
    ['dev --mem', ['--memory']],
    ['dev --log-level w', ['warn']],
    ['call ', ['fib', 'mail.send']],
    ['call --queue mail m', ['mail.send']],
    ['call --json fi', ['fib']],
    ['call --queue ma', ['mail', 'math']],
    ['call --queue=mat', ['--queue=math']],
    ['call fib ', []],
    ['call -- fi', ['fib']],
    ['call -- --js', []],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['completion bash ', []],
    ['worker --app ', []],
    ['nonsense ', []],
  ])('of %j is %j', async (line, expected) => {
    expect(await completed(line)).toEqual(expected);
  });

  it.each([
    ['call --app lib/jobs.ts --queue=mail ', { app: 'lib/jobs.ts', queue: 'mail' }],
    ['queues show --config other.json ', { config: 'other.json' }],
    ['queues show --json --app=a=b.ts ', { app: 'a=b.ts' }],
  ])('asks for the names of the app that %j is about', async (line, expected) => {
    let asked: unknown;
    await findCandidates(line.split(' ').slice(0, -1), '', COMMANDS, async (_kind, given) => {
      asked = given;
      return [];
    });
    expect(asked).toEqual(expected);
  });
});
