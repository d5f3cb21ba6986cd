import { checkRecord } from '../config/check-record.js';
import { flag, text, words } from '../config/kinds.js';
import type { OptionValues } from '../config/option.js';
import { TqError } from '../errors.js';
import type { Headers } from '../protocol/message.js';
import { BINDINGS, type BindingOptions, headers } from './binding-options.js';

/** Kinds of exchange (AMQP 0-9-1 section 3.1.3). */
export type ExchangeType = 'direct' | 'topic' | 'fanout' | 'headers';

/** What an exchange is to be. `npm run options` writes the lines below from `EXCHANGE_OPTIONS`. */
export interface ExchangeOptions {
  /** How it finds the queues of a message. */
  readonly type: ExchangeType;
  /** Whether it outlives the broker's restart. Default: `true`. */
  readonly durable?: boolean | undefined;
  /** Whether it goes with the last binding from it. Default: `false`. */
  readonly autoDelete?: boolean | undefined;
  /** Whether it takes messages from other exchanges alone. Default: `false`. */
  readonly internal?: boolean | undefined;
  /** The exchange that gets what no binding wants, without prefix. Default: none. */
  readonly alternate?: string | undefined;
  /** Further arguments. Default: none. */
  readonly arguments?: Headers | undefined;
  /** What it gets from exchanges, each `{ exchange, key, headers, match, arguments }`. Default: none. */
  readonly bindings?: readonly BindingOptions[] | undefined;
  /** `passive` uses it as others have declared it. Default: `active`. */
  readonly declare?: 'active' | 'passive' | undefined;
}

/** Every option of an exchange. */
export const EXCHANGE_OPTIONS = {
  type: words(['direct', 'topic', 'fanout', 'headers'], { describe: 'How it finds the queues of a message' }),
  durable: flag({ describe: "Whether it outlives the broker's restart", defaultText: '`true`' }),
  autoDelete: flag({ describe: 'Whether it goes with the last binding from it', defaultText: '`false`' }),
  internal: flag({ describe: 'Whether it takes messages from other exchanges alone', defaultText: '`false`' }),
  alternate: text({ describe: 'The exchange that gets what no binding wants, without prefix', defaultText: 'none' }),
  arguments: headers({ describe: 'Further arguments', defaultText: 'none' }),
  bindings: BINDINGS,
  declare: words(['active', 'passive'], {
    describe: '`passive` uses it as others have declared it',
    defaultText: '`active`',
  }),
} satisfies Record<keyof ExchangeOptions, unknown>;

/** The same once it is checked. */
export type ExchangeSettings = Partial<OptionValues<typeof EXCHANGE_OPTIONS>> & { readonly type: ExchangeType };

/** @throws {TqError} `unknown-option` or `invalid-option` */
export function checkExchange(exchange: unknown, name: string): ExchangeSettings {
  const { type, ...rest } = checkRecord(exchange, name, EXCHANGE_OPTIONS);
  if (type !== undefined) return { type, ...rest };
  throw new TqError('invalid-option', `${name}: type: expected direct, topic, fanout or headers, found none.`);
}
