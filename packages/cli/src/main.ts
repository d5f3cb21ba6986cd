import { runProgram } from './program.js';
import { runLine } from './run-line.js';

/** The program `tq`: reads the command line and runs one command. */
await runProgram(process.argv.slice(2), runLine);
