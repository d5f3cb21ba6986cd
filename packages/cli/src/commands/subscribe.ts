import {
  checkAsked,
  checkPatterns,
  checkText,
  eventsExchange,
  exchangeName,
  type Headers,
  internalsOf,
  requireInteger,
} from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { brokerTimeout } from '../events/broker-timeout.js';
import { eventJson, eventText } from '../events/event-line.js';
import { parseHeaders } from '../events/headers.js';
import { type Watched, watchEvents } from '../events/watch-events.js';
import { EXIT } from '../exit-codes.js';
import { noteLogger } from '../note-logger.js';
import { APP_OPTION, openApp } from '../open-app.js';
import type { Output } from '../output.js';
import { onStopSignals } from '../signals.js';
import { UsageError } from '../usage.js';

/** `tq subscribe`: prints events as they come, for a person or a pipe. */
export const subscribe: Command = {
  details:
    'A queue of its own gets every event whose name one of the patterns fits, from now on: * is one word, # any number of ' +
    'them. The queue goes when the command ends; workers and other subscribers get all of their events all the same. Over a ' +
    'lost connection it comes back, and says what it may have missed. Ctrl-C and a closed pipe end it.',
  options: {
    ...APP_OPTION,
    'with-header': {
      kind: 'text',
      many: true,
      describe: 'Only events that have this header, NAME=VALUE, any number of times; NAME=null is any value',
    },
    any: { kind: 'flag', describe: 'One of these headers is enough' },
    exchange: {
      kind: 'text',
      describe: 'Take from this exchange, without the prefix (amq.topic and the like have none). It must exist',
    },
    headers: { kind: 'flag', describe: 'Print the headers too' },
    count: { kind: 'text', describe: 'End after so many events. Default: go on' },
    timeout: { kind: 'text', describe: 'How long the broker may take to answer at first: 500ms, 10s. Default: 10s' },
    json: {
      kind: 'flag',
      describe: 'Print {"event", "exchange", "key", "id", "time", "headers", "payload"}, a line for each',
    },
  },
  examples: [
    ["subscribe 'orders.*.paid'", 'Print what is paid, as it comes'],
    ["subscribe '#' --json | jq .payload", 'The payloads of all events'],
    ['subscribe orders.created --count 1 --headers', 'Wait for one event'],
    ["subscribe '#' --with-header region=eu --with-header vip=true --any", 'Events with one of these headers'],
  ],
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const count = countOf(args);
  const connectTimeoutMs = brokerTimeout(args);
  const headers = parseHeaders('with-header', args.texts('with-header'), args.command);
  if (args.flag('any') && headers === undefined) {
    throw new UsageError('--any: expected --with-header beside it.', args.command);
  }
  checkWatched(args, headers);
  const { app } = await openApp(args, noteLogger(output));
  const ending = new AbortController();
  const stop = () => {
    output.hasten();
    ending.abort();
  };
  const release = onStopSignals([stop]);
  try {
    const watched = watchedOf(internalsOf(app).options.prefix, args, headers);
    let seen = 0;
    let attached = 0;
    await watchEvents({
      app,
      watched,
      connectTimeoutMs,
      signal: ending.signal,
      onAttached: () => output.note(attached++ === 0 ? listening(args) : LISTENING_AGAIN),
      onEvent: async (message) => {
        const withHeaders = args.flag('headers');
        await output.printLine(output.json ? eventJson(message) : eventText(message, new Date(), withHeaders));
        if (++seen === count) ending.abort();
      },
    });
    return EXIT.ok;
  } finally {
    release();
    await app.close();
  }
}

const LISTENING_AGAIN = 'listening again; events that came meanwhile are missed';

function listening({ positionals }: Arguments): string {
  return `listening to ${positionals.join(', ')}; Ctrl-C ends`;
}

/** @throws {TqError} `invalid-option` for what no broker takes, or no event fits */
function checkWatched(args: Arguments, headers: Headers | undefined): void {
  const exchange = args.text('exchange');
  if (exchange !== undefined) checkText(exchange, '--exchange', 1);
  checkPatterns(args.positionals, exchange);
  checkAsked({ headers });
}

function watchedOf(prefix: string, args: Arguments, headers: Headers | undefined): Watched {
  const exchange = args.text('exchange');
  return {
    exchange: exchange === undefined ? eventsExchange(prefix) : exchangeName(prefix, exchange),
    keys: [...new Set(args.positionals)],
    headers,
    match: args.flag('any') ? 'any' : 'all',
  };
}

function countOf(args: Arguments): number | undefined {
  const count = args.integer('count');
  if (count === undefined) return undefined;
  return requireInteger(count, '--count', { min: 1, max: Number.MAX_SAFE_INTEGER });
}
