import { describe, expect, it } from 'vitest';
import { EMPTY_TABLE, longString } from '../../src/field-value.js';
import type { BindingDefinition, ExchangeDefinition } from '../../src/model/definitions.js';
import { bindingDefinition, drain, queueDefinition, Scene } from './scene.js';

const DURABLE = { durable: true };

describe('a virtual host that was restored', () => {
  const exchange = (name: string, more: Partial<ExchangeDefinition> = {}): ExchangeDefinition => ({
    ...{ name, type: 'direct', durable: true, autoDelete: false, internal: false, arguments: EMPTY_TABLE },
    ...more,
  });

  function restored(exchanges: readonly ExchangeDefinition[], bindings: readonly BindingDefinition[]): Scene {
    const queues = [{ id: 1, definition: queueDefinition('q', DURABLE), delivered: new Map() }];
    const vhosts = new Map([['/', { exchanges, bindings, queues }]]);
    return new Scene(undefined, { nextQueueId: 2, nextPosition: 0, vhosts, messages: [] });
  }

  it('routes by its bindings, and by those of exchanges that were always there', () => {
    const all = restored(
      [exchange('x'), exchange('y', { arguments: [['alternate-exchange', longString('x')]] })],
      [
        bindingDefinition('x', 'q', { routingKey: 'k' }),
        bindingDefinition('amq.topic', 'x', { routingKey: '#', destinationType: 'exchange' }),
      ],
    );
    for (const name of ['x', 'amq.topic', 'y']) all.publish(name, 'k', name);
    expect(drain(all.vhost.queues.get('q', all.owner))).toEqual(['x', 'amq.topic', 'y']);
  });

  it('leaves out a binding whose ends are not both there', () => {
    const all = restored([exchange('x')], [bindingDefinition('x', 'gone'), bindingDefinition('gone', 'q')]);
    expect(all.publish('x', '', 'a')).toBe('unroutable');
  });

  it('is told apart from new things by the store: nothing is written, and what goes is removed', () => {
    const all = restored([exchange('x', { autoDelete: true })], [bindingDefinition('x', 'q')]);
    expect(all.store.take()).toEqual([]);
    all.exchange('x', 'direct', { durable: true, autoDelete: true });
    all.bind('x', 'q');
    expect(all.store.take()).toEqual([]);
    all.unbind('x', 'q');
    expect(all.store.take()).toEqual(['remove binding / x --> q', 'remove exchange / x']);
  });
});
