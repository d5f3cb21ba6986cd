import type { BrokerOptions } from '@tq/broker';
import { UsageError } from '../usage.js';

/**
 * What to tell a person of a broker that did not start, in words of the command line where its own are others.
 * @param command whose option `--port` is
 */
export function describeStartFailure(
  thrown: unknown,
  { port, host, users }: BrokerOptions,
  command: 'broker' | 'dev',
): unknown {
  const { code, cause } = thrown as { code?: unknown; cause?: { code?: unknown } };
  if (code === 'invalid-option' && host !== undefined && users === undefined) {
    return new UsageError(
      `--host: expected a --user NAME:PASSWORD to listen on ${host}, found none: everybody knows guest.`,
      'broker',
    );
  }
  if (cause?.code !== 'EADDRINUSE') return thrown;
  return new Error(
    `Port ${port} is in use: a RabbitMQ or another \`tq broker\` may listen there already. Use that one, or choose a port: tq ${command} --port ${Number(port) + 1}`,
    { cause: thrown },
  );
}
