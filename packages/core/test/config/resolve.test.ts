import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { configFile, configPart, setConfigValues } from '../../src/config/config-values.js';
import { integer, text } from '../../src/config/kinds.js';
import { type OptionSources, resolveTable } from '../../src/config/resolve.js';
import { APP_OPTIONS, childVariables, resolveOptions } from '../../src/options.js';

const TABLE = {
  size: integer({ describe: 'x', env: 'TQ_SIZE', min: 1, max: 9, default: 1 }),
  name: text({ describe: 'x', env: 'TQ_NAME', default: ({ size, where }) => `${where}-${size}` }),
  note: text({ describe: 'x' }),
};

function resolve(sources: Partial<OptionSources> = {}) {
  return resolveTable(TABLE, { given: {}, where: 'createX', env: {}, config: undefined, ...sources });
}

describe('a table of options', () => {
  it('takes what is given, else the environment, else the config file, else the default, and says which', () => {
    const choice = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined });
    fc.assert(
      fc.property(choice, choice, choice, (given, variable, configured) => {
        const { values, sources } = resolve({
          given: { size: given },
          env: { TQ_SIZE: variable === undefined ? '' : String(variable) },
          config: { file: 'tq.config.ts', path: '', values: { size: configured } },
        });
        expect(values.size).toBe(given ?? variable ?? configured ?? 1);
        const source =
          given !== undefined
            ? { kind: 'given' }
            : variable !== undefined
              ? { kind: 'environment', name: 'TQ_SIZE' }
              : configured !== undefined
                ? { kind: 'config', name: 'tq.config.ts' }
                : { kind: 'default' };
        expect(sources.size).toEqual(source);
      }),
    );
  });

  it('derives defaults from what the other options and the caller came to', () => {
    const { values, sources } = resolve({ env: { TQ_SIZE: '7' }, facts: { where: 'here' } });
    expect(values).toEqual({ size: 7, name: 'here-7', note: undefined });
    expect(sources.name).toEqual({ kind: 'default' });
  });

  it.each<[Partial<OptionSources>, string]>([
    [{ given: { sise: 3 } }, "createX: unknown option 'sise'. Did you mean 'size'?"],
    [{ given: { size: 10 } }, 'size: expected a whole number from 1 to 9, found 10.'],
    [{ env: { TQ_SIZE: 'big' } }, "TQ_SIZE: expected a whole number from 1 to 9, found 'big'."],
    [
      { config: { file: 'tq.config.ts', path: 'worker.', values: { size: null } } },
      'tq.config.ts: worker.size: expected a whole number from 1 to 9, found null.',
    ],
  ])('names what is wrong as its source does: %#', (sources, message) => {
    expect(() => resolve(sources)).toThrow(message);
  });
});

describe('every option of an app', () => {
  afterEach(() => setConfigValues(undefined));

  it('has a variable, unless no text can say it', () => {
    const without = Object.entries(APP_OPTIONS).filter(([, row]) => !('env' in row));
    expect(without.map(([key]) => key)).toEqual(['queues', 'exchanges', 'logger']);
  });

  it('comes from the config file that was set for the process, below the environment', () => {
    setConfigValues({
      file: 'tq.config.ts',
      sections: {
        app: { url: 'amqp://file', prefix: 'file.', resultTimeout: '5m' },
        worker: { pool: 'async' },
        tq: {},
      },
    });
    expect(configFile()).toBe('tq.config.ts');
    expect(configPart('worker')).toEqual({ file: 'tq.config.ts', path: 'worker.', values: { pool: 'async' } });
    expect(resolveOptions({ queue: 'own' }, { TQ_PREFIX: 'env.' })).toMatchObject({
      urls: ['amqp://file'],
      prefix: 'env.',
      resultTimeout: 300_000,
      queue: 'own',
    });
  });

  it('that decides what calls do reaches the children of a pool, secrets do not', () => {
    const options = resolveOptions(
      { url: 'amqp://ada:secret@host', prefix: 'a.', queue: 'q', publishTimeout: 1_500 },
      {},
    );
    expect(childVariables(options)).toEqual({
      TQ_CHORD_EXPIRES: '1d',
      TQ_DELAY_UNIT: '100ms',
      TQ_MAX_MESSAGE_BYTES: '16mb',
      TQ_PREFIX: 'a.',
      TQ_PRESET: 'tq',
      TQ_QUEUE: 'q',
      TQ_PUBLISH_TIMEOUT: '1500ms',
      TQ_RESULT_TIMEOUT: '1m',
      TQ_ROUTES: '',
    });
    expect(resolveOptions({}, childVariables(options))).toMatchObject({
      prefix: 'a.',
      queue: 'q',
      publishTimeout: 1_500,
    });
  });
});
