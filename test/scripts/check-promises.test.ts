import { expect, it } from 'vitest';
import { checkPromises } from '../../scripts/check-promises.js';
import { createProject } from '../support/project.js';

const TESTS = `
it('keeps what it was given', () => {});
it(\`sends \${COUNT} calls, and "says" so\`, () => {});
it(\`it isn't \\\`lost\\\`\`, () => {});
`;

const page = (rows: string) => `# Promises\n\n| promise | held by |\n| --- | --- |\n${rows}`;
const check = (rows: string) => {
  using project = createProject({ files: { 'docs/promises.md': page(rows), 'test/a.test.ts': TESTS } });
  return checkPromises(project.folder);
};

it('is content where each promise names tests that are there', () => {
  const rows = [
    '| It keeps | [a](../test/a.test.ts): keeps what it was given |',
    '| It sends | [a](../test/a.test.ts): sends … calls, and "says" so<br>[a](../test/a.test.ts): it isn\'t `lost` |',
  ];
  expect(check(rows.join('\n'))).toEqual([]);
});

it('names promises without a test, and tests that are not there', () => {
  const rows = [
    '| It hopes | nothing yet |',
    '| It keeps | [b](../test/b.test.ts): keeps what it was given |',
    '| It keeps on | [a](../test/a.test.ts): keeps what it was |',
  ];
  expect(check(rows.join('\n'))).toEqual([
    "docs/promises.md: 'It hopes': expected a test that holds it, found none",
    "docs/promises.md: 'It keeps': there is no file ../test/b.test.ts",
    "docs/promises.md: 'It keeps on': ../test/a.test.ts has no test 'keeps what it was'",
  ]);
});

it('finds a page without a table', () => {
  expect(check('').length).toBe(1);
});
