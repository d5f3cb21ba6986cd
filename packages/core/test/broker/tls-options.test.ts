import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readTls } from '../../src/broker/tls-options.js';
import { thrownBy } from '../protocol/thrown-by.js';

const folder = mkdtempSync(join(tmpdir(), 'tq-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

it('takes PEM as text or from a file, and leaves out what is not given', () => {
  const file = join(folder, 'ca.pem');
  writeFileSync(file, PEM);
  expect(readTls({ ca: file, cert: PEM, key: PEM, passphrase: 'open', servername: 'rabbit' })).toEqual({
    ca: PEM,
    cert: PEM,
    key: PEM,
    passphrase: 'open',
    servername: 'rabbit',
  });
  expect(readTls({ ca: undefined })).toEqual({});
});

it('reads a file anew each time, so that a renewed certificate is taken up', () => {
  const file = join(folder, 'renewed.pem');
  writeFileSync(file, PEM);
  readTls({ ca: file });
  writeFileSync(file, `${PEM}${PEM}`);
  expect(readTls({ ca: file })).toEqual({ ca: PEM + PEM });
});

it('says which option names no file, or one of another kind, and shows no key', () => {
  const missing = join(folder, 'missing.pem');
  expect(() => readTls({ ca: missing })).toThrow(
    `tls.ca: expected a file that can be read, found ENOENT at '${missing}'.`,
  );
  const other = join(folder, 'other.der');
  writeFileSync(other, 'secret');
  expect(() => readTls({ key: other })).toThrow(
    `tls.key: expected PEM (-----BEGIN …), found something else in '${other}'.`,
  );
  const half = thrownBy(() => readTls({ key: 'MIIsecret\nsecret' })) as Error;
  expect(half.message).toBe('tls.key: expected PEM (-----BEGIN …) or a path, found another text.');
});
