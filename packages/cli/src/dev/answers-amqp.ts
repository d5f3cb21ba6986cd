import { connect } from 'node:net';

/** AMQP 0-9-1, section 4.2.2: what a client says first. */
const PROTOCOL_HEADER = Buffer.from('AMQP\0\0\x09\x01', 'latin1');
/** Type of the frame that a broker answers with, Connection.Start. */
const METHOD_FRAME = 1;
/** A broker on the same machine answers within milliseconds; what says nothing is none, ms. */
const ANSWER_LIMIT_MS = 2_000;

/** Whether an AMQP broker listens on a port of this machine. */
export function answersAmqp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWER_LIMIT_MS, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('connect', () => socket.write(PROTOCOL_HEADER));
    socket.once('data', (data) => end(data[0] === METHOD_FRAME));
  });
}
