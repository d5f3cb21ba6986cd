import { expect, it } from 'vitest';
import { Observers } from '../src/observers.js';

interface Events {
  'thing:happened': number;
  'other:happened': string;
}

it('tells every observer of an event in the order in which they came, and of no other event', () => {
  const observers = new Observers<Events>(() => undefined);
  const heard: unknown[] = [];
  observers.on('thing:happened', (event) => heard.push(['first', event]));
  observers.on('thing:happened', (event) => heard.push(['second', event]));
  observers.on('other:happened', (event) => heard.push(['other', event]));
  observers.emit('thing:happened', 1);
  expect(heard).toEqual([
    ['first', 1],
    ['second', 1],
  ]);
});

it('stops telling one that has left', () => {
  const observers = new Observers<Events>(() => undefined);
  const heard: number[] = [];
  const leave = observers.on('thing:happened', (event) => heard.push(event));
  observers.emit('thing:happened', 1);
  leave();
  leave();
  observers.emit('thing:happened', 2);
  expect(heard).toEqual([1]);
});

it('reports an observer that throws or rejects, and goes on with the others', async () => {
  const reported: unknown[] = [];
  const observers = new Observers<Events>((error, name) => reported.push([name, error]));
  const heard: number[] = [];
  const broken = new Error('broken observer');
  observers.on('thing:happened', () => {
    throw broken;
  });
  observers.on('thing:happened', async () => Promise.reject(broken));
  observers.on('thing:happened', (event) => heard.push(event));
  observers.emit('thing:happened', 1);
  expect(heard).toEqual([1]);
  expect(reported).toEqual([['thing:happened', broken]]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(reported).toEqual([
    ['thing:happened', broken],
    ['thing:happened', broken],
  ]);
});

it('tells whether anybody listens', () => {
  const observers = new Observers<Events>(() => undefined);
  expect(observers.has('thing:happened')).toBe(false);
  const leave = observers.on('thing:happened', () => undefined);
  expect([observers.has('thing:happened'), observers.has('other:happened')]).toEqual([true, false]);
  leave();
  expect(observers.has('thing:happened')).toBe(false);
});

it('tells one that came twice twice, until it has left twice', () => {
  const observers = new Observers<Events>(() => undefined);
  const heard: number[] = [];
  const observer = (event: number) => heard.push(event);
  const leave = observers.on('thing:happened', observer);
  observers.on('thing:happened', observer);
  observers.emit('thing:happened', 1);
  leave();
  leave();
  observers.emit('thing:happened', 2);
  expect(heard).toEqual([1, 1, 2]);
});
