import type { BindingDefinition } from '../../model/definitions.js';
import { refuseDefault } from '../../model/exchanges.js';
import type { MethodArguments } from '../../wire/methods.js';
import type { Handlers } from './handler.js';
import { cleanName } from './names.js';

/** Class exchange (AMQP 0-9-1 section 1.6, and RabbitMQ's bindings between exchanges). */
export const exchangeHandlers: Handlers<'exchange.declare' | 'exchange.delete' | 'exchange.bind' | 'exchange.unbind'> =
  {
    'exchange.declare': (channel, { exchange, passive, noWait, ...rest }) => {
      const name = cleanName(exchange);
      const { vhost } = channel.host;
      if (passive) {
        refuseDefault(name);
        vhost.exchanges.get(name);
      } else {
        const { type, durable, autoDelete, internal, arguments: table } = rest;
        vhost.declareExchange({ name, type, durable, autoDelete, internal, arguments: table });
      }
      if (!noWait) channel.send('exchange.declare-ok', {});
    },

    'exchange.delete': (channel, { exchange, ifUnused, noWait }) => {
      channel.host.vhost.deleteExchange(cleanName(exchange), ifUnused);
      if (!noWait) channel.send('exchange.delete-ok', {});
    },

    'exchange.bind': (channel, args) => {
      channel.host.vhost.bind(toBinding(args), channel.host);
      if (!args.noWait) channel.send('exchange.bind-ok', {});
    },

    'exchange.unbind': (channel, args) => {
      channel.host.vhost.unbind(toBinding(args), channel.host);
      if (!args.noWait) channel.send('exchange.unbind-ok', {});
    },
  };

function toBinding(args: MethodArguments<'exchange.bind' | 'exchange.unbind'>): BindingDefinition {
  return {
    source: cleanName(args.source),
    destination: cleanName(args.destination),
    destinationType: 'exchange',
    routingKey: args.routingKey,
    arguments: args.arguments,
  };
}
