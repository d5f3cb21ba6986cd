/**
 * RabbitMQ nodes of a test's own, for project `rabbitmq` alone. Each has its own name, free loopback ports and a folder in
 * the temporary directory; a start takes 4 to 5 s. A test that the embedded broker passes as well takes `broker-node.ts`,
 * and one that a used node will do for `lent-rabbitmq.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCtl, nodeEval, type RabbitNode } from '../../scripts/rabbitmq-command.js';
import {
  describeNode,
  killNode,
  nodeUrl,
  PIDS_FILE,
  startNode,
  stopEpmd,
  stopNode,
} from '../../scripts/rabbitmq-node.js';
import type { BrokerNode, BrokerNodeOptions } from './broker-node.js';

/** What a test may ask of its node. */
export interface RabbitOptions extends BrokerNodeOptions {
  /** Lines for rabbitmq.conf, e.g. `consumer_timeout = 10000`. */
  readonly config?: string | undefined;
  /** Plugins to enable, `rabbitmq_auth_mechanism_ssl` for instance. */
  readonly plugins?: readonly string[] | undefined;
  /** A running node whose cluster this one joins. That node must be stopped last. */
  readonly cluster?: RabbitServer | undefined;
}

/** A started node; a restart takes about 5 s. */
export interface RabbitServer extends BrokerNode {
  readonly port: number;
  /** Description for a node that joins the cluster. */
  readonly node: RabbitNode;
  /** Runs rabbitmqctl on the node and returns what it printed; about 1 s. Rejects with its text when it fails. */
  ctl(...args: string[]): Promise<string>;
  /** Evaluates an Erlang expression on the node, at next to no cost. Rejects with Erlang's text when it fails. */
  evaluate(expression: string): Promise<string>;
}

/**
 * Starts a node and resolves when it accepts AMQP. It also ends when the process of the test ends, however that happens.
 * @throws with the end of the node's log when it does not start
 */
export async function startRabbit(options: RabbitOptions = {}): Promise<RabbitServer> {
  const dir = mkdtempSync(join(tmpdir(), 'tq-rabbitmq-'));
  const heartbeat = options.heartbeat === undefined ? '' : `heartbeat = ${options.heartbeat}\n`;
  const node = await describeNode({
    dir,
    label: `tq-${randomBytes(6).toString('hex')}`,
    config: heartbeat + (options.config ?? ''),
    plugins: options.plugins,
    cluster: options.cluster?.node,
  });
  const guardian = startGuardian(dir);
  const server = createServer(node, guardian);
  try {
    await startNode(node);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

function createServer(node: RabbitNode, guardian: ChildProcess): RabbitServer {
  const ctl = (...args: string[]) => nodeCtl(node, args);
  const evaluate = (expression: string) => nodeEval(node, expression);
  const halt = () => stopNode(node);
  const startAgain = () => startNode(node);
  const stop = async () => {
    await killNode(node);
    stopEpmd(node);
    guardian.kill('SIGKILL');
    rmSync(node.dir, { recursive: true, force: true });
  };
  return {
    url: nodeUrl(node),
    port: node.port,
    node,
    ctl,
    evaluate,
    halt,
    kill: () => killNode(node),
    startAgain,
    restart: async () => {
      await halt();
      await startAgain();
    },
    // What RabbitMQ has confirmed of a declaration is in a buffer of its process for some moments more.
    declarationsKept: async () => void (await evaluate('mnesia:sync_log().')),
    setMemoryAlarm: (on) => setMemoryAlarm(evaluate, on),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function setMemoryAlarm(evaluate: RabbitServer['evaluate'], on: boolean): Promise<void> {
  await evaluate(`vm_memory_monitor:set_vm_memory_high_watermark(${on ? '0.0000001' : '0.4'}).`);
  // The node compares its memory with the mark on a timer of its own, so the alarm follows the command.
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
    const alarms = await evaluate('rabbit_alarm:get_alarms().');
    if (alarms.includes('memory') === on) return;
  }
  throw new Error(
    `expected the memory alarm to be ${on ? 'set' : 'cleared'} within 30 s of the command, found it unchanged`,
  );
}

/**
 * A process that holds the other end of a pipe. When this process dies without `stop`, the pipe closes, and the guardian
 * kills what the node's folder records and deletes the folder.
 */
function startGuardian(dir: string): ChildProcess {
  const script = `cat >/dev/null; kill -9 $(cat "$0/${PIDS_FILE}"); rm -rf "$0"`;
  const guardian = spawn('/bin/sh', ['-c', script, dir], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guardian.unref();
  (guardian.stdin as Socket).unref();
  return guardian;
}
