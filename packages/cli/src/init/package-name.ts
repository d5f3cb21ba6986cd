const FALLBACK = 'tq-project';
const MAX_LENGTH = 214;

/**
 * A name for a package as near to a folder's as npm allows: lower case, letters, digits, `-`, `_` and `.`, not at the
 * start.
 */
export function packageName(folderName: string): string {
  const name = folderName
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, MAX_LENGTH);
  // npm refuses these two.
  return name === '' || name === 'node_modules' || name === 'favicon.ico' ? FALLBACK : name;
}
