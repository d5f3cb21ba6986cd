import { describe, expect, it } from 'vitest';
import { childExecArgv, withoutDebugPorts } from '../../src/pools/child-argv.js';

describe('what a child inherits of the Node.js options of its worker', () => {
  it.each([
    [
      ['--max-old-space-size=64', '--import', 'tsx'],
      ['--max-old-space-size=64', '--import', 'tsx'],
    ],
    [['--inspect', '--enable-source-maps'], ['--enable-source-maps']],
    [
      ['--inspect-brk=0.0.0.0:9229', '--inspect-wait', '--inspect-port', '1234', '--trace-warnings'],
      ['--trace-warnings'],
    ],
    [['--inspect-port=1234', '--inspect-publish-uid=http'], []],
    [['--input-type=module', '-e', 'console.log(1)', '--no-warnings'], ['--no-warnings']],
    [['--print', '1'], []],
    [['--watch', '--watch-path', 'src', '--test'], []],
  ])('%j becomes %j', (execArgv, expected) => {
    expect(childExecArgv(execArgv)).toEqual(expected);
  });

  it.each([
    ['--inspect', ''],
    ['--max-old-space-size=64 --inspect=127.0.0.1:9229', '--max-old-space-size=64'],
    ['--inspect-brk --import tsx', '--import tsx'],
    ['--inspect-port 9230 --no-warnings', '--no-warnings'],
    ['--require ./--inspect.js', '--require ./--inspect.js'],
  ])('NODE_OPTIONS %j becomes %j', (options, expected) => {
    expect(withoutDebugPorts({ NODE_OPTIONS: options, PATH: '/bin' })).toEqual({
      NODE_OPTIONS: expected,
      PATH: '/bin',
    });
  });

  it('is the environment itself when there are none', () => {
    const env = { PATH: '/bin' };
    expect(withoutDebugPorts(env)).toBe(env);
  });
});
