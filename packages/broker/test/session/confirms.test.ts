import { describe, expect, it } from 'vitest';
import type { Published } from '../../src/model/virtual-host.js';
import { Confirms } from '../../src/session/confirms.js';

/** Confirms, what was answered, and the ends of turns and flushes in a test's hand. */
function scene() {
  const answers: string[] = [];
  let turn: (() => void)[] = [];
  const flushes: (() => void)[] = [];
  const confirms = new Confirms({
    defer: (task) => turn.push(task),
    whenFlushed: (done) => flushes.push(done),
    confirm: (tag, multiple, accepted) =>
      answers.push(`${accepted ? 'ack' : 'nack'} ${multiple ? 'up to ' : ''}${tag}`),
  });
  return {
    answers,
    publish: (...outcomes: Published[]) => {
      for (const outcome of outcomes) confirms.published(outcome);
    },
    endTurn: () => {
      const tasks = turn;
      turn = [];
      for (const task of tasks) task();
      return tasks.length;
    },
    /** Calls back the flush of this number, 0 being the first. */
    flush: (index: number) => flushes[index]?.(),
    flushes,
  };
}

describe('confirms', () => {
  it('come at the end of the turn, one for all of its publishes', () => {
    const { answers, publish, endTurn } = scene();
    publish('kept', 'kept', 'kept');
    expect(answers).toEqual([]);
    expect([endTurn(), answers]).toEqual([1, ['ack up to 3']]);
  });

  it('come at once for what is in no queue, each by itself', () => {
    const { answers, publish, endTurn } = scene();
    publish('unroutable', 'unroutable');
    expect(answers).toEqual(['ack 1', 'ack 2']);
    expect(endTurn()).toBe(0);
  });

  it('for many cover what was confirmed at once, and never name it again', () => {
    const { answers, publish, endTurn } = scene();
    publish('kept', 'unroutable', 'kept', 'unroutable');
    endTurn();
    publish('kept', 'unroutable', 'refused', 'unroutable');
    endTurn();
    expect(answers).toEqual(['ack 2', 'ack 4', 'ack up to 3', 'ack 6', 'ack 8', 'ack 5', 'nack 7']);
  });

  it('of one publish name just that one', () => {
    const { answers, publish, endTurn } = scene();
    for (let count = 0; count < 2; count++) {
      publish('kept');
      endTurn();
    }
    expect(answers).toEqual(['ack 1', 'ack 2']);
  });

  it('wait for the flush where a message is stored', () => {
    const { answers, publish, endTurn, flush } = scene();
    publish('kept', 'stored', 'kept');
    endTurn();
    expect(answers).toEqual([]);
    flush(0);
    expect(answers).toEqual(['ack up to 3']);
  });

  it('wait for no flush in a turn that stores nothing', () => {
    const { publish, endTurn, flushes } = scene();
    publish('stored');
    endTurn();
    publish('kept', 'unroutable', 'refused');
    endTurn();
    expect(flushes).toHaveLength(1);
  });

  it('keep the order of publishes, however soon each is safe', () => {
    const { answers, publish, endTurn, flush } = scene();
    publish('stored');
    endTurn();
    publish('stored', 'stored');
    endTurn();
    publish('kept');
    endTurn();
    flush(1);
    expect(answers).toEqual([]);
    flush(0);
    expect(answers).toEqual(['ack 1', 'ack up to 3', 'ack 4']);
  });

  it('are refusals for what was refused, each by itself, between the others', () => {
    const { answers, publish, endTurn } = scene();
    publish('kept', 'kept', 'refused', 'refused', 'kept');
    endTurn();
    expect(answers).toEqual(['ack up to 2', 'nack 3', 'nack 4', 'ack 5']);
  });

  it('are refusals alone where all was refused', () => {
    const { answers, publish, endTurn } = scene();
    publish('refused');
    endTurn();
    publish('refused', 'refused');
    endTurn();
    expect(answers).toEqual(['nack 1', 'nack 2', 'nack 3']);
  });

  it('wait for the flush with their refusals', () => {
    const { answers, publish, endTurn, flush } = scene();
    publish('refused', 'stored');
    endTurn();
    expect(answers).toEqual([]);
    flush(0);
    expect(answers).toEqual(['nack 1', 'ack 2']);
  });

  it('need no callback while nothing is published', () => {
    const { endTurn, publish } = scene();
    expect(endTurn()).toBe(0);
    publish('kept');
    endTurn();
    expect(endTurn()).toBe(0);
  });
});
