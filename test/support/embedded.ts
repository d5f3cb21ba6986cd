/** Starts and ends processes of the embedded broker. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BrokerOptions } from '@tq/broker';

const PROGRAM = fileURLToPath(new URL('./embedded-broker.js', import.meta.url));

/** A broker's process that accepts connections. */
export interface EmbeddedProcess {
  readonly url: string;
  /** Ends it, in order or at once, and resolves when it is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/**
 * Starts a broker in a process of its own, which also ends when this one does, however that happens.
 * @param options such as JSON can carry
 * @throws with what the broker wrote when it does not start
 */
export async function startEmbedded(options: Omit<BrokerOptions, 'logger'>): Promise<EmbeddedProcess> {
  const child = fork(PROGRAM, [JSON.stringify(options)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let written = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  const exited = once(child, 'close');
  const started = once(child, 'message').then(([url]) => url as string);
  const url = await Promise.race([started, exited]);
  if (typeof url !== 'string') throw new Error(`expected the embedded broker to start, found it ended:\n${written}`);
  return {
    url,
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}
