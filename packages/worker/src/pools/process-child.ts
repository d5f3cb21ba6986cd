/**
 * Where a process of the pool begins: `node process-child.js MODULE…`. A terminal's Ctrl-C and a supervisor's SIGTERM
 * reach the whole group; only the parent ends its children. Everything else is imported after that is settled.
 */
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

const { runChild } = await import('./child-main.js');
const { createPipeLink } = await import('./pipe-link.js');

await runChild(process.argv.slice(2), createPipeLink());
