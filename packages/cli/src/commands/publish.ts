import { text as readText } from 'node:stream/consumers';
import { type App, type DefinedEvent, internalsOf } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { brokerTimeout } from '../events/broker-timeout.js';
import { parseHeaders } from '../events/headers.js';
import { EXIT } from '../exit-codes.js';
import { noteLogger } from '../note-logger.js';
import { APP_OPTION, openApp } from '../open-app.js';
import type { Output } from '../output.js';
import { UsageError } from '../usage.js';

/** `tq publish`: publishes one event by its name; uses the task file where there is one, and needs none. */
export const publish: Command = {
  details:
    'JSON is the payload (\'"text"\', 30, \'{"a":1}\'), - reads it from standard input, and without any it is null. Where ' +
    'the task file defines the event, its exchange, key and schema count. The command ends when the broker has confirmed ' +
    'the event; that nobody subscribes is no error unless --mandatory says so.',
  options: {
    ...APP_OPTION,
    header: {
      kind: 'text',
      many: true,
      describe: 'A header, NAME=VALUE, any number of times; 1, true and null are no text unless quoted: \'v="1"\'',
    },
    exchange: {
      kind: 'text',
      describe: "Publish to this exchange, without the prefix (amq.topic and the like have none). Default: the event's",
    },
    key: { kind: 'text', describe: "Routing key. Default: the event's, else its name" },
    mandatory: { kind: 'flag', describe: 'Fail when no queue takes the event' },
    timeout: { kind: 'text', describe: 'How long the broker may take to confirm: 500ms, 10s, 5m. Default: 10s' },
    json: { kind: 'flag', describe: 'Print {"id"}, and errors as {"error"}' },
  },
  examples: [
    ['publish orders.created \'{"id":"o1"}\'', 'Tell whoever subscribes, and print the id of the message'],
    ['publish orders.created - --header region=eu < order.json', 'From standard input, with a header'],
    ['publish log.line \'"disk full"\' --exchange logs --key disk.critical', 'To an exchange of your own'],
  ],
  positionals: { min: 1, max: 2 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const [name = '', word] = args.positionals;
  const headers = parseHeaders('header', args.texts('header'), args.command);
  const deadline = brokerTimeout(args);
  const payload = parsePayload(word === '-' ? await readText(process.stdin) : (word ?? 'null'), args.command);
  const { app } = await openApp(args, noteLogger(output));
  try {
    const event = eventOf(app, name, args.text('exchange'));
    const mandatory = args.flag('mandatory') ? true : undefined;
    const publication = event.publish(payload, { headers, routingKey: args.text('key'), mandatory, deadline });
    await publication;
    output.print(output.json ? JSON.stringify({ id: publication.id }) : publication.id);
    return EXIT.ok;
  } finally {
    await app.close();
  }
}

/** The one that the task file defines, or one by name alone. */
function eventOf(app: App, name: string, exchange: string | undefined): DefinedEvent {
  const { events } = internalsOf(app);
  const defined = events.get(name);
  if (defined === undefined || exchange === undefined) return defined ?? events.create(name, { exchange });
  return events.create(name, { ...defined.options, payload: defined.payload, exchange });
}

function parsePayload(text: string, command: string): unknown {
  if (/^\s*-?\d+\s*$/.test(text) && !Number.isSafeInteger(Number(text))) {
    throw new UsageError(
      `Payload: expected a number that JavaScript keeps, found ${text.trim()}. Pass it as text.`,
      command,
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    const shown = text.trim() === '' ? 'nothing' : text.slice(0, 80);
    const hint = `For text, quote it twice: '${JSON.stringify(text.slice(0, 80))}'.`;
    throw new UsageError(`Payload: expected JSON, found ${shown}. ${hint}`, command);
  }
}
