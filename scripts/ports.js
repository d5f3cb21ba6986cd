// @ts-check
/** TCP ports on loopback: finding a free one, and asking who answers on one. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** The only address that tq's own broker listens on. */
export const HOST = '127.0.0.1';

/**
 * A loopback port that nobody listens on, below the range from which the kernel takes ports for outgoing connections,
 * so that it is still free after a restart of the node.
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, HOST, () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error('expected a free port between 20000 and 32000 on 127.0.0.1, found none in 100 tries');
}

/**
 * Whether the port answers AMQP's protocol header with connection.start; true only once the node has booted.
 * @param {number} port
 */
export const acceptsAmqp = (port) => answers(port, Buffer.from('AMQP\0\0\x09\x01', 'latin1'));

/**
 * Whether a connection is accepted and, when something is sent, whether an answer comes within 2 s.
 * @param {number} port
 * @param {Buffer} greeting
 * @returns {Promise<boolean>}
 */
export function answers(port, greeting) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST });
    /** @param {boolean} result */
    const end = (result) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(2_000, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('connect', () => (greeting.length === 0 ? end(true) : socket.write(greeting)));
    socket.once('data', () => end(true));
  });
}
