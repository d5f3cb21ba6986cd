// @ts-check
/** Links between the Markdown files of the project: to files that are there, and to headings that they have. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a Markdown file links to, without a title after it; images too. */
const LINK = /\]\(([^\s)]+)(?:\s[^)]*)?\)/g;
/** Blocks and words of code, in which nothing is a link. */
const CODE = /^```.*?^```|`[^`\n]*`/gms;

/**
 * Checks every Markdown file that git knows below a folder; addresses of other hosts are not asked.
 * @param {string} root
 * @returns {string[]} one line a link that leads nowhere
 */
export function checkLinks(root) {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' });
  return list
    .split('\n')
    .filter((file) => file !== '' && existsSync(join(root, file)))
    .flatMap((file) => brokenLinks(root, file));
}

/**
 * @param {string} root
 * @param {string} file
 */
function brokenLinks(root, file) {
  const text = readFileSync(join(root, file), 'utf8').replace(CODE, '');
  return [...text.matchAll(LINK)].flatMap(([, target = '']) => {
    const found = /^[a-z]+:/.test(target) ? undefined : faultOf(root, file, target);
    return found === undefined ? [] : [`${file}: '${target}': expected ${found}`];
  });
}

/**
 * @param {string} root
 * @param {string} file
 * @param {string} target
 * @returns {string | undefined} what was expected and is not there
 */
function faultOf(root, file, target) {
  const [path = '', heading] = decodeURI(target).split('#');
  const place = path === '' ? join(root, file) : join(root, dirname(file), path);
  if (!existsSync(place)) return `a file or folder at '${path}', found none: name one that is there`;
  if (heading === undefined || !place.endsWith('.md')) return undefined;
  const anchors = headingsOf(readFileSync(place, 'utf8'));
  return anchors.has(heading) ? undefined : `one of the headings ${[...anchors].join(', ')}`;
}

/**
 * The anchors that GitHub makes of headings.
 * @param {string} text
 */
function headingsOf(text) {
  const titles = [...text.replace(/^```.*?^```/gms, '').matchAll(/^#+ +(.*)$/gm)].map(([, title = '']) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
