import { basename, relative, resolve } from 'node:path';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { findPackageManager, wordsOf } from '../init/package-manager.js';
import { packageName } from '../init/package-name.js';
import { projectFiles } from '../init/project-files.js';
import { writeFiles } from '../init/write-files.js';
import type { Output } from '../output.js';
import { shellWord } from '../shell-word.js';
import { readVersion } from '../version.js';

/** `tq init`: a small project that works, to start from. */
export const init: Command = {
  details:
    'Writes a project in TypeScript: a task, a program that calls it, scripts, and a README that says how to run them. ' +
    'FOLDER is made when it is missing, and its name becomes that of the package. Nothing is overwritten without --force.',
  options: {
    force: { kind: 'flag', describe: 'Overwrite files that are in the way' },
    json: { kind: 'flag', describe: 'Print {"folder", "name", "files", "packageManager"}' },
  },
  examples: [
    ['init my-tasks', 'A project in a new folder'],
    ['init', 'One in the current folder'],
  ],
  config: false,
  positionals: { min: 0, max: 1 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const folder = resolve(args.positionals[0] ?? '.');
  const name = packageName(basename(folder));
  const packageManager = findPackageManager(process.env);
  const words = wordsOf(packageManager);
  const files = projectFiles({ name, version: readVersion(), words });
  writeFiles(folder, files, args.flag('force'));
  const paths = Object.keys(files);
  if (output.json) {
    output.print(JSON.stringify({ folder, name, files: paths, packageManager }));
    return EXIT.ok;
  }
  const place = relative(process.cwd(), folder);
  const steps = [...(place === '' ? [] : [`cd ${shellWord(place)}`]), words.install, words.script('dev')];
  output.print(`Wrote ${name}: ${paths.join(', ')}\n`);
  output.print(`Next:\n${steps.map((step) => `  ${step}`).join('\n')}`);
  output.print(`and in another terminal:\n  ${words.script('start')}`);
  return EXIT.ok;
}
