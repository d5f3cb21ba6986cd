/** How a connection came to its end, where the broker need not say why. */
import { argumentsOf, closeReason, method, methodName } from './frames.js';
import type { RawConnection } from './raw-connection.js';

/**
 * Waits for the end of the connection and answers with the reply code of its connection.close, `undefined` when the socket
 * was closed without one. Other frames are passed over.
 */
export async function refusalCode(connection: RawConnection): Promise<number | undefined> {
  let code: number | undefined;
  for (;;) {
    const found = await connection.nextFrameOrEnd();
    if (found === undefined) return code;
    if (methodName(found) !== 'connection.close') continue;
    code = closeReason(argumentsOf(found)).code;
    connection.write(method(0, 'connection.close-ok'));
  }
}
