/** Whether a text is a pattern of names rather than a name. */
export function isGlob(text: string): boolean {
  return text.includes('*');
}

/**
 * A pattern of task names: `*` stands for any characters but a dot, `**` for any, dots too; all else for itself.
 * `mail.*` takes `mail.send` and not `mail.send.now`, which `mail.**` takes.
 */
export function globToRegExp(glob: string): RegExp {
  const parts = glob.split(/(\*+)/).map((part) => {
    if (part === '*') return '[^.]*';
    return part.startsWith('*') ? '.*' : part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 's');
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
