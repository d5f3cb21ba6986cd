import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Arguments } from '../../src/arguments.js';
import { confirmed, requireConsent, wanted } from '../../src/queues/confirm.js';

const bare = new Arguments('queues purge', ['mail'], {});
const sure = new Arguments('queues purge', ['mail'], { yes: true });

function terminal(isTTY: boolean, typed = '') {
  const [input, output] = [new PassThrough(), new PassThrough()].map((stream) => Object.assign(stream, { isTTY }));
  if (input === undefined || output === undefined) throw new Error('expected two streams');
  input.end(typed);
  return { input, output };
}

it.each([
  ['y\n', true],
  ['YES\n', true],
  ['n\n', false],
  ['\n', false],
  ['yess\n', false],
  ['', false],
])('%j is %s', async (typed, expected) => {
  const asking = terminal(true, typed);
  expect(await confirmed('Purge mail?', bare, asking)).toBe(expected);
  expect(String(asking.output.read())).toBe('Purge mail? [y/N] ');
});

it.each([
  ['\n', true],
  ['y\n', true],
  ['No\n', false],
  ['n\n', false],
  ['', false],
])('where yes is the default, %j is %s', async (typed, expected) => {
  const asking = terminal(true, typed);
  expect(await wanted('Edit again?', new AbortController().signal, asking)).toBe(expected);
  expect(String(asking.output.read())).toBe('Edit again? [Y/n] ');
});

it('a signal answers no', async () => {
  const [input, output] = [Object.assign(new PassThrough(), { isTTY: true }), new PassThrough()];
  const stopping = new AbortController();
  const answer = wanted('Edit again?', stopping.signal, { input, output });
  stopping.abort();
  expect(await answer).toBe(false);
});

it('--yes asks nothing', async () => {
  const asking = terminal(false);
  requireConsent(sure, asking);
  expect(await confirmed('Purge mail?', sure, asking)).toBe(true);
  expect(asking.output.read()).toBeNull();
});

it('without --yes there must be a terminal', () => {
  requireConsent(bare, terminal(true));
  expect(() => requireConsent(bare, terminal(false))).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining('expected --yes') }),
  );
});
