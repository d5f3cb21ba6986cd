/** Options of Node.js that a child must not share: a debug port is taken already, and the parent's program is not its own. */
const NOT_INHERITED =
  /^(--inspect(-brk|-wait)?|--inspect-port|--debug-port|--inspect-publish-uid|--eval|-e|--print|-p|-pe|--input-type|--check|-c|--interactive|-i|--test|--test-.+|--watch|--watch-.+)$/;
/** Those of them whose value may be the next argument. */
const WITH_VALUE =
  /^(--inspect-port|--debug-port|--inspect-publish-uid|--eval|-e|--print|-p|-pe|--input-type|--watch-path)$/;
/** The same in NODE_OPTIONS, where of them only those of the inspector are allowed. */
const IN_NODE_OPTIONS =
  /(?<=^|\s)(?:--(?:inspect-port|debug-port|inspect-publish-uid)(?:=|\s+)\S+|--inspect(?:-brk|-wait)?(?:=\S+)?)(?=\s|$)/g;

/**
 * The options of Node.js that this process was started with, as its children get them: all but those that name a debug
 * port or a program. So `--max-old-space-size`, `--import` and the like hold for children too.
 * @param execArgv `process.execArgv`
 */
export function childExecArgv(execArgv: readonly string[]): string[] {
  const inherited: string[] = [];
  for (let at = 0; at < execArgv.length; at++) {
    const argument = execArgv[at] as string;
    const [name = argument] = argument.split('=', 1);
    if (!NOT_INHERITED.test(name)) inherited.push(argument);
    else if (WITH_VALUE.test(argument)) at++;
  }
  return inherited;
}

/** An environment without the debug ports of `NODE_OPTIONS`. */
export function withoutDebugPorts(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS } = env;
  return NODE_OPTIONS === undefined ? env : { ...env, NODE_OPTIONS: NODE_OPTIONS.replace(IN_NODE_OPTIONS, '').trim() };
}
