// @ts-check
/** TCP ports on loopback: finding a free one, and asking who answers on one. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** The only address that tq's own broker listens on. */
export const HOST = '127.0.0.1';

/** Ports that this process was given: none is given twice, though nobody may listen on it for the moment. */
const given = new Set();
/** Each process draws from a block of its own, since two that ask at once would find the same port free. */
const BLOCK = 120;
const FIRST = 20_000 + (process.pid % 100) * BLOCK;

/**
 * A loopback port that nobody listens on, below the range from which the kernel takes ports for outgoing connections,
 * so that it is still free after a restart of the node.
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const port = FIRST + Math.floor(Math.random() * BLOCK);
    if (given.has(port)) continue;
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, HOST, () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, 'close');
    given.add(port);
    return port;
  }
  throw new Error(`expected a free port between ${FIRST} and ${FIRST + BLOCK} on ${HOST}, found none in 1,000 tries`);
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
