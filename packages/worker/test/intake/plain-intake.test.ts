import type { FunctionFrom, InboundMessage, TaskFacts } from '@tq/core/internal';
import { describe, expect, it } from 'vitest';
import { createIntake } from '../../src/intake/create-intake.js';

const FACTS: Record<string, TaskFacts | undefined> = {
  square: { plain: { queue: 'math', format: 'json' } },
  shout: { plain: { queue: 'math', format: 'text' } },
  other: { plain: { queue: 'elsewhere', format: 'json' } },
  call: undefined,
};

function intakeOf(names: readonly string[], functionFrom?: FunctionFrom) {
  const runtime = { clock: { wallTime: () => 0 }, newId: () => 'new' } as never;
  const known = { names: new Set(names), factsOf: (task: string) => FACTS[task] };
  return createIntake(known, runtime, { name: 'math', functionFrom });
}

function message(properties: InboundMessage['properties']): InboundMessage {
  return { properties, body: Buffer.from('5'), exchange: '', routingKey: 'math', redelivered: false };
}

const ALL = Object.keys(FACTS);

describe('the intake of a queue', () => {
  it('of no plain task reads tasks alone', () => {
    const intake = intakeOf(['other', 'call']);
    expect(() => intake.decode(message({ appId: 'other' }))).toThrow(expect.objectContaining({ code: 'poison' }));
  });

  it('of one plain task gives it everything, but for what is a call', () => {
    const intake = intakeOf(['shout', 'other', 'call']);
    const read = intake.decode(message({ appId: 'my-program', headers: { task: 'call' } }));
    expect(read).toMatchObject({ task: 'shout', foreign: { format: 'text' } });
    expect(intake.knows(read)).toBe(true);
    const headers = { task: 'call', id: 'i1' };
    const body = Buffer.from('[[],{},{}]');
    const call = intake.decode({ ...message({ headers, contentType: 'application/json' }), body });
    expect([call.task, call.foreign, intake.knows(call)]).toEqual(['call', undefined, true]);
  });

  it.each<[string, InboundMessage['properties'], FunctionFrom | undefined, string]>([
    ['app_id', { appId: 'square', type: 'shout' }, undefined, 'square'],
    ['type', { type: 'shout', headers: { task: 'square' } }, undefined, 'shout'],
    ['the header task', { headers: { task: 'square' } }, undefined, 'square'],
    ['what the queue says: type', { appId: 'shout', type: 'square' }, 'type', 'square'],
    ['what the queue says: app_id', { appId: 'shout', type: 'square' }, 'app_id', 'shout'],
    ['what the queue says: a header', { appId: 'x', headers: { fn: 'square' } }, { header: 'fn' }, 'square'],
  ])('of several takes the one that is named by %s', (_, properties, functionFrom, task) => {
    const intake = intakeOf(ALL, functionFrom);
    const read = intake.decode(message(properties));
    expect([read.task, intake.knows(read)]).toEqual([task, true]);
  });

  it.each(['call', 'other', 'unheard-of'])('lets no name reach a task that is not of its queue: %s', (appId) => {
    const intake = intakeOf(ALL);
    const read = intake.decode(message({ appId }));
    expect([read.task, intake.knows(read)]).toEqual([appId, false]);
  });

  it('says what is missing where nothing names a function, also of a single one whose queue wants a name', () => {
    expect(() => intakeOf(ALL).decode(message({}))).toThrow(/expected one of square, shout as property app_id/);
    const named = intakeOf(['square'], { header: 'fn' });
    expect(() => named.decode(message({ appId: 'square' }))).toThrow(
      expect.objectContaining({ code: 'unknown-task', message: expect.stringContaining('header fn') }),
    );
  });

  it('answers what it cannot read in the way of who sent it', () => {
    const intake = intakeOf(ALL);
    const plain = { format: 'json', correlationId: undefined };
    expect(intake.unreadable(message({ replyTo: 'r', messageId: 'm' }))).toEqual({ taskId: 'm', replyTo: 'r', plain });
    expect(intake.unreadable(message({ messageId: 'm' }))).toBeUndefined();
    const call = message({ replyTo: 'r', correlationId: 'c', headers: { task: 'call', id: 'i' } });
    expect(intake.unreadable(call)).toEqual({ taskId: 'c', replyTo: 'r' });
  });
});
