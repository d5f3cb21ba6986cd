/**
 * RabbitMQ nodes that the test files of a process use one after the other: a node takes some five seconds of a core to
 * start, and a new virtual host next to nothing.
 */
import { isRunning } from '../../scripts/rabbitmq-node.js';
import type { BrokerNodeOptions } from './broker-node.js';
import { type RabbitServer, startRabbit } from './rabbitmq.js';

/** What a test may ask of a lent node. */
export interface LentOptions extends BrokerNodeOptions {
  /** Settings of the application `rabbit` by name, `consumer_timeout` for instance; until a kill. */
  readonly settings?: Readonly<Record<string, number>> | undefined;
}

/** Modules are loaded anew for each file, so what outlives a file is kept here. */
const KEPT = Symbol.for('test.lent-rabbitmq');
const place = globalThis as { [KEPT]?: RabbitServer[] };
place[KEPT] ??= [];
const kept = place[KEPT];

/** Empties the default virtual host. */
const EMPTY = `rabbit_vhost:delete(<<"/">>, <<"test">>), rabbit_vhost:add(<<"/">>, <<"test">>),
rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"/">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>).`;

/**
 * Lends a node with an empty virtual host: that of an earlier file where there is one, else a new one. Its `stop` gives it
 * back, with the settings that it had. Its `restart` stops and starts the broker within its Erlang runtime, a fifth of the
 * work; `halt` and `startAgain` end the process.
 */
export async function lendRabbit({ heartbeat, settings = {} }: LentOptions = {}): Promise<RabbitServer> {
  const rabbit = kept.pop() ?? (await startRabbit());
  const wanted = heartbeat === undefined ? settings : { ...settings, heartbeat };
  const before = new Map<string, string>();
  for (const [name, value] of Object.entries(wanted)) {
    before.set(name, await rabbit.evaluate(`{ok, Value} = application:get_env(rabbit, ${name}), Value.`));
    await rabbit.evaluate(`application:set_env(rabbit, ${name}, ${value}).`);
  }
  let givenBack: Promise<void> | undefined;
  const stop = () => {
    givenBack ??= giveBack(rabbit, before);
    return givenBack;
  };
  const restart = async () => {
    await rabbit.evaluate('ok = rabbit:stop().');
    await rabbit.evaluate('ok = rabbit:start().');
  };
  return { ...rabbit, restart, stop, [Symbol.asyncDispose]: stop };
}

/** One that a test has ended is not worth a start: whoever needs one next may never come. */
async function giveBack(rabbit: RabbitServer, settings: ReadonlyMap<string, string>): Promise<void> {
  if (!isRunning(rabbit.node)) return rabbit.stop();
  await rabbit.setMemoryAlarm(false);
  for (const [name, value] of settings) await rabbit.evaluate(`application:set_env(rabbit, ${name}, ${value}).`);
  await rabbit.evaluate(EMPTY);
  kept.push(rabbit);
}
