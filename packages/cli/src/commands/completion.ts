import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { completionScript, SHELLS } from '../completion/shell.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { suggest, UsageError } from '../usage.js';

/** `tq completion`: a script that makes a shell complete commands, options, their choices and names of tasks. */
export const completion: Command = {
  details:
    'Completes commands, options and their choices, and for `tq call` the tasks of the task file in the current folder, ' +
    'which it loads. Put the line of your shell into its start-up file, ~/.bashrc for instance.',
  options: {},
  examples: [
    ['completion bash', 'For bash: source <(tq completion bash)'],
    ['completion zsh', 'For zsh: source <(tq completion zsh), after compinit'],
    ['completion fish', 'For fish: tq completion fish | source'],
  ],
  config: false,
  positionals: { min: 1, max: 1, complete: SHELLS },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const [word = ''] = args.positionals;
  const shell = SHELLS.find((candidate) => candidate === word);
  if (shell === undefined) {
    const hint = await suggest(word, SHELLS);
    throw new UsageError(`Expected ${SHELLS.join(' or ')}, found '${word}'. ${hint}`, args.command);
  }
  output.print(completionScript(shell));
  return EXIT.ok;
}
