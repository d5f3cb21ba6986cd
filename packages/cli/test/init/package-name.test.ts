import { expect, it } from 'vitest';
import { packageName } from '../../src/init/package-name.js';

it.each([
  ['my-tasks', 'my-tasks'],
  ['My Tasks', 'my-tasks'],
  ['Übung (2)', 'ubung-2'],
  ['.hidden', 'hidden'],
  ['_x.y_', 'x.y_'],
  ['日本', 'tq-project'],
  ['', 'tq-project'],
  ['node_modules', 'tq-project'],
])('a package in the folder %j is called %s', (folder, name) => {
  expect(packageName(folder)).toBe(name);
});
