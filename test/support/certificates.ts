/** Certificates that a test makes for itself with openssl, in a folder of its own that goes with it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of a certificate and its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Common name of the subject. */
  readonly name: string;
  /** Subject alternative names, `DNS:localhost,IP:127.0.0.1` for instance. Default: none. */
  readonly alternativeNames?: string | undefined;
  /** Days that it is valid; -1 makes one that has expired. Default: 1. */
  readonly days?: number | undefined;
}

/** An authority with a folder of certificates. */
export interface Authority extends Disposable {
  /** Path of its own certificate. */
  readonly ca: string;
  /** Makes a certificate that it signs. */
  issue(options: CertificateOptions): Promise<Certificate>;
}

/** Makes an authority; takes some 50 ms, as each certificate does. */
export async function createAuthority(name = 'tq test authority'): Promise<Authority> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-certificates-'));
  const path = (file: string) => join(folder, file);
  const newKey = (file: string) => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    file,
  ];
  const [ca, caKey] = [path('ca.pem'), path('ca-key.pem')];
  await run('openssl', ['req', '-x509', ...newKey(caKey), '-out', ca, '-days', '1', '-subj', `/CN=${name}`]);
  let issued = 0;
  return {
    ca,
    issue: async ({ name: subject, alternativeNames, days = 1 }) => {
      const base = `${subject.replace(/\W/g, '-')}-${++issued}`;
      const [cert, key, request] = [path(`${base}.pem`), path(`${base}-key.pem`), path(`${base}.csr`)];
      await run('openssl', ['req', '-new', ...newKey(key), '-out', request, '-subj', `/CN=${subject}`]);
      const extensions = path(`${base}.ext`);
      writeFileSync(extensions, alternativeNames === undefined ? '' : `subjectAltName=${alternativeNames}\n`);
      const signing = ['-CA', ca, '-CAkey', caKey, '-set_serial', String(issued), '-extfile', extensions];
      await run('openssl', ['x509', '-req', '-in', request, ...signing, '-days', String(days), '-out', cert]);
      return { cert, key };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
