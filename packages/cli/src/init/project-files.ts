import type { PackageManagerWords } from './package-manager.js';

/** Versions that tq itself is built and tested with. */
const TOOLS = { '@types/node': '20.19.43', tsx: '4.23.15', typescript: '7.0.2' };

/** What a project is made of. */
export interface ProjectFacts {
  /** Of its package. */
  readonly name: string;
  /** Of tq. */
  readonly version: string;
  readonly words: PackageManagerWords;
}

/** The files of a small project that works: texts by path. */
export function projectFiles({ name, version, words }: ProjectFacts): Readonly<Record<string, string>> {
  return {
    'package.json': json({
      name,
      private: true,
      type: 'module',
      scripts: {
        dev: 'tq dev',
        worker: 'tq worker',
        start: 'tsx src/call.ts',
        check: 'tsc --noEmit',
      },
      dependencies: { '@tq/cli': version, '@tq/core': version },
      devDependencies: TOOLS,
    }),
    'tsconfig.json': json({
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        types: ['node'],
        strict: true,
        verbatimModuleSyntax: true,
        skipLibCheck: true,
        noEmit: true,
      },
      include: ['src'],
    }),
    '.gitignore': 'node_modules/\n.tq/\n',
    'src/tasks.ts': TASKS,
    'src/call.ts': CALL,
    'README.md': readme(name, words),
  };
}

const TASKS = `import { defineTask } from '@tq/core';

/** A task is a function with a name; a worker runs it. \`fib.run\` is the function itself: no message, no worker. */
export const fib = defineTask('fib', (n: number): number => (n < 2 ? n : fib.run(n - 1) + fib.run(n - 2)));
`;

const CALL = `import { fib } from './tasks.js';

// Sends the call and returns at once; the result comes from whichever worker ran it.
const result = fib.delay(30);
console.log(\`fib(30) = \${await result.get()}\`);
`;

function readme(name: string, { install, script, exec }: PackageManagerWords): string {
  const [dev, start] = [script('dev'), script('start')];
  const width = Math.max(dev.length, start.length) + 3;
  return `# ${name}

A task, a worker that runs it, and a program that calls it, with [tq](https://www.npmjs.com/package/@tq/core).

\`\`\`sh
${install}
${dev.padEnd(width)}# one terminal: a broker, and a worker that reloads when you save
${start.padEnd(width)}# another: calls the task and prints fib(30) = 832040
\`\`\`

| file           | what it is                                                                  |
| -------------- | --------------------------------------------------------------------------- |
| \`src/tasks.ts\` | the tasks: the worker finds this file by itself, and what it imports        |
| \`src/call.ts\`  | a caller: change \`30\` to \`'30'\`, and \`${script('check')}\` says what is wrong |

- Call a task from the command line: \`${exec('tq call fib 30')}\`.
- A task that throws is kept: \`${exec('tq dead list')}\` shows it, and \`${exec('tq dead retry')}\` runs it again once its cause is mended.
- Does something else listen on port 5672? \`${script('dev', '--port', '5673')}\`, and \`TQ_URL=amqp://127.0.0.1:5673 ${start}\`.
- With a RabbitMQ: \`TQ_URL=amqp://user:password@host ${script('worker')}\`, and the same \`TQ_URL\` for whoever calls.
- \`${exec('tq --help')}\` shows what else there is.
`;
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
