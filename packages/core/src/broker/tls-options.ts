import { TqError } from '../errors.js';
import { readOptionFile } from './option-file.js';

/**
 * TLS of `amqps://` connections. Certificates and keys are PEM: a text, or the path of a file, which is read anew for
 * each connection, so that renewed ones are taken up. The broker's certificate is always verified.
 */
export interface TlsOptions {
  /** Authorities that the broker's certificate may be signed by, PEM or a file. `TQ_TLS_CA`. Default: those that Node.js trusts. */
  readonly ca?: string | undefined;
  /** This client's certificate, with those between it and its authority, PEM or a file. `TQ_TLS_CERT`. Default: none. */
  readonly cert?: string | undefined;
  /** The private key of `tls.cert`, PEM or a file. `TQ_TLS_KEY`. */
  readonly key?: string | undefined;
  /** What `tls.key` is encrypted with. `TQ_TLS_PASSPHRASE`. */
  readonly passphrase?: string | undefined;
  /** The name that the broker's certificate must be for. `TQ_TLS_SERVER_NAME`. Default: the host of the URL. */
  readonly servername?: string | undefined;
}

/** The same as Node.js takes it: PEM texts alone, and no key that is undefined. */
export type TlsSettings = { readonly [K in keyof TlsOptions]: string };

const PEM_OPTIONS = ['ca', 'cert', 'key'] as const;

/**
 * Reads what the options name.
 * @throws {TqError} `invalid-option` naming the option and what was found, never a key
 */
export function readTls(options: TlsOptions): TlsSettings {
  const pems = PEM_OPTIONS.flatMap((name) => {
    const given = options[name];
    return given === undefined ? [] : [[name, readPem(given, `tls.${name}`)] as const];
  });
  return {
    ...Object.fromEntries(pems),
    ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
    ...(options.servername === undefined ? {} : { servername: options.servername }),
  };
}

function readPem(given: string, option: string): string {
  if (isPem(given)) return given;
  if (given.includes('\n')) {
    // It may be half a key: it is not shown.
    throw new TqError('invalid-option', `${option}: expected PEM (-----BEGIN …) or a path, found another text.`);
  }
  const text = readOptionFile(given, option);
  if (isPem(text)) return text;
  throw new TqError('invalid-option', `${option}: expected PEM (-----BEGIN …), found something else in '${given}'.`);
}

function isPem(text: string): boolean {
  return text.includes('-----BEGIN ');
}
