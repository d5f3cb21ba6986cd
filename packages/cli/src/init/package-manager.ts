/** A program that installs packages and runs scripts. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn';

/** How a package manager is told what to do. */
export interface PackageManagerWords {
  readonly install: string;
  /** Runs a script, with words for it. */
  script(name: string, ...words: readonly string[]): string;
  /** Runs a program of an installed package. */
  exec(line: string): string;
}

/** The one that runs this process; npm when none does. Each names itself, `pnpm/10.0.0 node/v22.0.0 …`. */
export function findPackageManager(env: Readonly<Record<string, string | undefined>>): PackageManager {
  const [name] = (env.npm_config_user_agent ?? '').split('/');
  return name === 'pnpm' || name === 'yarn' ? name : 'npm';
}

const SHORT = new Set(['start', 'test']);

/** The words of each. */
export function wordsOf(manager: PackageManager): PackageManagerWords {
  if (manager === 'npm') {
    return {
      install: 'npm install',
      script: (name, ...words) =>
        [SHORT.has(name) ? `npm ${name}` : `npm run ${name}`, ...(words.length === 0 ? [] : ['--', ...words])].join(
          ' ',
        ),
      exec: (line) => `npx ${line}`,
    };
  }
  return {
    install: `${manager} install`,
    script: (name, ...words) => [manager, name, ...words].join(' '),
    exec: (line) => `${manager} ${manager === 'pnpm' ? 'exec ' : ''}${line}`,
  };
}
