import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shellWord } from '../shell-word.js';
import { UsageError } from '../usage.js';

/** The editor did not start, or ended with something else than 0, which is how a person calls everything off. */
export class EditorError extends Error {
  readonly code = 'editor-failed';

  constructor(editor: string, end: string) {
    super(`The editor '${editor}' ended with ${end}, expected 0: the message stays as it is.`);
    this.name = 'EditorError';
  }
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The editor of $VISUAL, else of $EDITOR: a command line, `code --wait` for instance.
 * @throws {UsageError} when there is none
 */
export function editorOf(env: Variables, command: string): string {
  const editor = env.VISUAL?.trim() || env.EDITOR?.trim();
  if (editor) return editor;
  throw new UsageError(
    '--edit: expected an editor in $VISUAL or $EDITOR, found none, for instance EDITOR=vi.',
    command,
  );
}

/**
 * Lets a person change a text in an editor, and resolves when it has ended. Nobody else can read the file meanwhile
 * (mode 600 in a folder of mode 700), and it is gone afterwards.
 * @param name of the file; its ending tells the editor what it is
 * @throws {EditorError}
 */
export async function editText(text: string, name: string, editor: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tq-edit-'));
  const file = join(folder, name);
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
    await runEditor(editor, file);
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What it shows goes to standard error: standard output is for data. */
async function runEditor(editor: string, file: string): Promise<void> {
  const child = spawn(`${editor} ${shellWord(file)}`, { shell: true, stdio: ['inherit', process.stderr, 'inherit'] });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new EditorError(editor, signal ?? `exit code ${code}`);
}
