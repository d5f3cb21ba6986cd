import fc from 'fast-check';
import { expect, it } from 'vitest';
import { byNarrowness, globMatcher } from '../../src/producer/task-glob.js';

const WORD = fc.stringMatching(/^[a-c.]{0,6}$/);
const GLOB = fc.array(fc.oneof(WORD, fc.constantFrom('*', '**')), { maxLength: 5 }).map((parts) => parts.join(''));

/** What the pattern means, a character at a time. */
function matches(glob: string, name: string): boolean {
  const [, stars = '', rest = ''] = /^(\**)(.*)$/s.exec(glob) ?? [];
  if (stars === '') return glob === '' ? name === '' : glob[0] === name[0] && matches(glob.slice(1), name.slice(1));
  const crosses = stars.length > 1;
  for (let taken = 0; taken <= name.length; taken++) {
    if (!crosses && name.slice(0, taken).includes('.')) return false;
    if (matches(rest, name.slice(taken))) return true;
  }
  return false;
}

it('a star stands for anything but a dot, two of them for anything', () => {
  const takes = (glob: string) => ['mail.send', 'mail.send.now', 'mail'].filter((name) => globMatcher(glob)(name));
  expect(takes('mail.*')).toEqual(['mail.send']);
  expect(takes('mail.**')).toEqual(['mail.send', 'mail.send.now']);
  expect(takes('*.send')).toEqual(['mail.send']);
  expect(takes('*')).toEqual(['mail']);
  expect(takes('**')).toEqual(['mail.send', 'mail.send.now', 'mail']);
});

it('takes exactly the names that its meaning takes', () => {
  fc.assert(fc.property(GLOB, WORD, (glob, name) => globMatcher(glob)(name) === matches(glob, name)));
});

it('characters that are special elsewhere stand for themselves', () => {
  const plain = fc.string({ unit: fc.constantFrom(...'\\^$.|?+()[]{}-/a\n') });
  fc.assert(
    fc.property(plain, (text) => {
      const takes = (glob: string, name: string) => globMatcher(glob)(name);
      return takes(text, text) && takes(`${text}**`, `${text}.x\ny`) && !takes(text, `${text}x`);
    }),
  );
});

it('what names more characters is narrower, and of equals what crosses fewer dots', () => {
  expect(['**', 'a.**', 'a.*', 'a.b.*', '*'].sort(byNarrowness)).toEqual(['a.b.*', 'a.*', 'a.**', '*', '**']);
});

it('takes no longer for a pattern with many stars than for another one', () => {
  expect(globMatcher(`${'**a'.repeat(60)}b`)('a'.repeat(255))).toBe(false);
  expect(globMatcher(`${'*a'.repeat(60)}*`)('a'.repeat(255))).toBe(true);
});
