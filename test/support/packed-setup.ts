/** Packs the packages before the tests of project `packages`, and removes the tarballs after them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { packPackages } from './packed.js';

export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-packed-'));
  project.provide('tarballs', [...(await packPackages(folder))]);
  return () => rmSync(folder, { recursive: true, force: true });
}
