import { COMMANDS } from './commands/table.js';
import { runWorker, worker } from './commands/worker.js';
import { useConfig, withConfig } from './config/use-config.js';
import { EXIT } from './exit-codes.js';
import { parse } from './parse.js';
import { runProgram } from './program.js';
import { readVersion } from './version.js';
import { Leash } from './watch/leash.js';

/** The program of one worker under watch: `NUMBER`, then what follows `tq worker`. Its parent stops it, not signals. */
const [number, ...line] = process.argv.slice(2);
const leash = new Leash({ showsBanner: number === '1' });
const entry = COMMANDS.find(({ name }) => name === 'worker');

await runProgram(line, async (words, output) => {
  if (entry === undefined) throw new Error('expected the command worker in the table');
  const chosen = { entry, command: withConfig(worker) };
  const parsed = await parse(['worker', ...words], { entries: COMMANDS, chosen, version: readVersion() });
  if (parsed.kind !== 'run') return EXIT.usage;
  await useConfig(worker, parsed.arguments, process.cwd());
  return runWorker(parsed.arguments, output, leash);
});
