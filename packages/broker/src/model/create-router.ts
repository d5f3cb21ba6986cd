import { assertNever } from '../errors.js';
import type { ExchangeType } from './definitions.js';
import { DirectExchange } from './direct-exchange.js';
import { FanoutExchange } from './fanout-exchange.js';
import { HeadersExchange } from './headers-exchange.js';
import type { Router } from './router.js';
import { TopicExchange } from './topic-exchange.js';

/** The router of an exchange of this type, without bindings. */
export function createRouter<D>(type: ExchangeType): Router<D> {
  switch (type) {
    case 'direct':
      return new DirectExchange();
    case 'fanout':
      return new FanoutExchange();
    case 'topic':
      return new TopicExchange();
    case 'headers':
      return new HeadersExchange();
    default:
      return assertNever(type);
  }
}
