/** Whether a text is a pattern of names rather than a name. */
export function isGlob(text: string): boolean {
  return text.includes('*');
}

/**
 * A pattern of task names: `*` stands for any characters but a dot, `**` for any, dots too; all else for itself.
 * `mail.*` takes `mail.send` and not `mail.send.now`, which `mail.**` takes.
 */
export function globMatcher(glob: string): (name: string) => boolean {
  const parts = glob.split(/(\*+)/).filter((part) => part !== '');
  return (name) => {
    let ends: ReadonlySet<number> = new Set([0]);
    for (const part of parts) ends = endsAfter(part, name, ends);
    return ends.has(name.length);
  };
}

/** Where a match of one more part may end. Each place once, so that no pattern takes long: a regular expression may. */
function endsAfter(part: string, name: string, starts: ReadonlySet<number>): ReadonlySet<number> {
  const ends = new Set<number>();
  for (const start of starts) {
    if (!part.startsWith('*')) {
      if (name.startsWith(part, start)) ends.add(start + part.length);
      continue;
    }
    for (let end = start; !ends.has(end); end++) {
      ends.add(end);
      if (end === name.length || (part === '*' && name[end] === '.')) break;
    }
  }
  return ends;
}

/**
 * Which of two patterns says more of the names that it takes, for sorting, the narrower first: the one with more
 * characters that stand for themselves, else the one with fewer that cross dots.
 */
export function byNarrowness(one: string, other: string): number {
  return literals(other) - literals(one) || wide(one) - wide(other);
}

function literals(glob: string): number {
  return glob.replaceAll('*', '').length;
}

function wide(glob: string): number {
  return glob.match(/\*{2,}/g)?.length ?? 0;
}
