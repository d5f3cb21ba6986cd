import { writeSync } from 'node:fs';
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { ParentLink } from './child-main.js';
import { FrameDecoder } from './frames.js';
import type { ParentMessage } from './job-messages.js';
import { decodeMessage, encodeMessage } from './message-codec.js';

/** The child's end of the pipe from its parent. */
export const FROM_PARENT = 3;
/** The child's end of the pipe to its parent. */
export const TO_PARENT = 4;

const READ_BYTES = 65_536;

/**
 * A process's way to its parent: frames on two pipes.
 *
 * Writing is synchronous, and this pipe is left blocking. So a line that is logged before a long computation is seen
 * before it; all that was posted arrives however the process exits; and a process that writes faster than its parent
 * reads waits for it, instead of filling its memory.
 */
export function createPipeLink(): ParentLink {
  return {
    post: (message) => writeAll(encodeMessage(message)),
    listen(receive, closed) {
      const decoder = new FrameDecoder();
      // One buffer for every read: Node.js would make a new one of this size each time.
      const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
      const onread: OnReadOpts = {
        buffer,
        callback(size) {
          const payloads = decoder.push(buffer.subarray(0, size));
          for (const payload of payloads) receive(decodeMessage(payload) as ParentMessage);
          return true;
        },
      };
      const options: SocketConstructorOpts & { onread: OnReadOpts } = {
        ...{ fd: FROM_PARENT, readable: true, writable: false },
        onread,
      };
      const socket = new Socket(options);
      socket.on('error', () => undefined);
      socket.on('close', closed);
      socket.resume();
    },
  };
}

function writeAll(bytes: Buffer): void {
  try {
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(TO_PARENT, bytes, written, bytes.length - written);
    }
  } catch (error) {
    // Nobody is left to work for, nor to tell it.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0);
    throw error;
  }
}
