import type { ConfigPart } from './resolve.js';

/** Sections of a `tq.config` file: options of apps are at its top, as are those of `tq` itself. */
export type ConfigSection = 'app' | 'worker' | 'tq';

/** What `tq` read from a `tq.config` file. */
export interface ConfigValues {
  /** The file, as errors and lists show it. */
  readonly file: string;
  /** Options by section and key. */
  readonly sections: Readonly<Record<ConfigSection, Readonly<Record<string, unknown>>>>;
}

/** One for the process, whichever copy of this package asks. */
const KEY = Symbol.for('tq.config-values');
const globals = globalThis as { [KEY]?: ConfigValues | undefined };

/**
 * Values for every app and worker of this process that neither the program nor the environment sets; undefined takes
 * them away. `tq` calls it before it loads a task file. Programs of their own have no config file.
 */
export function setConfigValues(values: ConfigValues | undefined): void {
  globals[KEY] = values;
}

/** What a table of options reads of it. */
export function configPart(section: ConfigSection): ConfigPart | undefined {
  const values = globals[KEY];
  if (values === undefined) return undefined;
  return { file: values.file, path: section === 'worker' ? 'worker.' : '', values: values.sections[section] };
}

/** The file that was read, if any. */
export function configFile(): string | undefined {
  return globals[KEY]?.file;
}
