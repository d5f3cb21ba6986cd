import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { checkLinks } from '../../scripts/check-links.js';
import { createProject } from '../support/project.js';

const PAGE = `# A \`tq\` page, of its own

[here](docs/other.md) [part](docs/other.md#one-more) [own](#a-tq-page-of-its-own) [web](https://example.com/x.md)
[gone](docs/gone.md) [no part](docs/other.md#two) [folder](docs) \`[code](nowhere.md)\`

\`\`\`md
[code](nowhere.md)
\`\`\`
`;

it('names links to files and headings that are not there, and no others', () => {
  using project = createProject({
    files: { 'README.md': PAGE, 'docs/other.md': '# One\n\n## One more\n\n[up](../README.md) [wrong](README.md)\n' },
  });
  execFileSync('git', ['init', '-q'], { cwd: project.folder });
  expect(checkLinks(project.folder)).toEqual([
    "README.md: 'docs/gone.md': expected a file or folder at 'docs/gone.md', found none: name one that is there",
    "README.md: 'docs/other.md#two': expected one of the headings one, one-more",
    "docs/other.md: 'README.md': expected a file or folder at 'README.md', found none: name one that is there",
  ]);
});
