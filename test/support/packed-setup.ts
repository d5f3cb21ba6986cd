/** Packs the packages and installs them once before the tests of project `packages`, and removes all of it after them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { emptyProject, installPacked, packPackages } from './packed.js';

/** Whose oldest Node tq supports. */
const TYPES_OF_NODE = '20.19.43';

export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-packed-'));
  const packed = await packPackages(folder);
  const manifest = { private: true, devDependencies: { '@types/node': TYPES_OF_NODE } };
  const installed = emptyProject({ 'package.json': JSON.stringify(manifest) }, folder);
  await installPacked(installed.folder, packed);
  project.provide('tarballs', [...packed]);
  project.provide('installed', installed.folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
