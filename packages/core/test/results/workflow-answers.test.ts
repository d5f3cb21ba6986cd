import { beforeEach, expect, it } from 'vitest';
import type { InboundMessage } from '../../src/protocol/message.js';
import { encodeWorkflowQuestion, WORKFLOW_TYPE } from '../../src/protocol/workflow-question.js';
import type { OutgoingMessage } from '../../src/results/transport.js';
import { Workflow } from '../../src/results/workflow.js';
import { WorkflowAnswers } from '../../src/results/workflow-answers.js';
import type { WorkflowNode } from '../../src/results/workflow-tree.js';
import { testRuntime } from '../test-runtime.js';

let published: OutgoingMessage[];
let ask: ((question: InboundMessage) => void) | undefined;
beforeEach(() => {
  published = [];
  ask = undefined;
});

function answers(options: { maxParts?: number; maxMessageBytes?: number } = {}): WorkflowAnswers {
  return new WorkflowAnswers({
    transport: {
      publish: (message) => void published.push(message),
      takeQuestions: (take) => {
        expect(ask).toBeUndefined();
        ask = take;
      },
    },
    ...{ maxParts: 100, maxMessageBytes: 10_000, program: 'here:1', logger: testRuntime().logger },
    ...options,
  });
}

const groupOf = (id: string, ...ids: string[]): WorkflowNode => ({
  kind: 'group',
  id,
  children: ids.map((one) => ({ kind: 'task', id: one, task: 'page' })),
});

function question(body: unknown, properties: InboundMessage['properties'] = { replyTo: 'asker', correlationId: 'c' }) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const message = { exchange: 'x', routingKey: '', redelivered: false, body: bytes };
  ask?.({ ...message, properties: { ...properties, type: WORKFLOW_TYPE } });
}

const asked = (id: string) => question(encodeWorkflowQuestion(id));
const bodies = () => published.map(({ message }) => JSON.parse(message.body.toString()) as unknown);

it('takes questions from its first workflow on', () => {
  const kept = answers();
  expect(ask).toBeUndefined();
  kept.keep(new Workflow(groupOf('g', 'a')));
  expect(ask).toBeTypeOf('function');
  kept.keep(new Workflow(groupOf('h', 'b')));
});

it('answers with the tree as it is now, whichever part is named', () => {
  const workflow = new Workflow(groupOf('g', 'a', 'b'));
  answers().keep(workflow);
  asked('g');
  workflow.became('b', 'success');
  asked('b');
  expect(published).toMatchObject(
    Array(2).fill({
      target: { exchange: '', routingKey: 'asker' },
      mandatory: false,
      message: { properties: { correlationId: 'c', type: WORKFLOW_TYPE } },
    }),
  );
  expect(bodies()).toMatchObject([
    { program: 'here:1', tree: { id: 'g', children: [{ state: 'pending' }, { state: 'pending' }] } },
    { program: 'here:1', tree: { id: 'g', children: [{ state: 'pending' }, { state: 'success' }] } },
  ]);
});

it('says nothing to what it does not know, and to what is no question', () => {
  answers().keep(new Workflow(groupOf('g', 'a')));
  asked('other');
  asked('__proto__');
  for (const body of [null, 7, [], { id: 1 }, Buffer.from('{'), Buffer.from([0xff])]) question(body);
  question(encodeWorkflowQuestion('a'), { correlationId: 'c' });
  question(encodeWorkflowQuestion('a'), { replyTo: 'asker' });
  expect(published).toEqual([]);
});

it('gives up the oldest workflow where there are more parts than it keeps, and takes none that alone is larger', () => {
  const kept = answers({ maxParts: 5 });
  for (const name of ['one', 'two']) kept.keep(new Workflow(groupOf(name, `${name}-a`)));
  kept.keep(new Workflow(groupOf('three', 'three-a')));
  kept.keep(new Workflow(groupOf('large', ...Array.from({ length: 5 }, (_, index) => `large-${index}`))));
  for (const id of ['one', 'one-a', 'large']) asked(id);
  expect(published).toEqual([]);
  for (const id of ['two', 'three-a']) asked(id);
  expect(bodies()).toMatchObject([{ tree: { id: 'two' } }, { tree: { id: 'three' } }]);
});

it('answers for the later of two workflows with one id, also when the earlier is given up', () => {
  const kept = answers({ maxParts: 4 });
  kept.keep(new Workflow(groupOf('one', 'a')));
  kept.keep(new Workflow(groupOf('two', 'a')));
  kept.keep(new Workflow(groupOf('three', 'b')));
  for (const id of ['one', 'a']) asked(id);
  expect(bodies()).toMatchObject([{ tree: { id: 'two' } }]);
});

it('has 16 answers on their way at most, and drops what is asked meanwhile', () => {
  answers().keep(new Workflow(groupOf('g', 'a')));
  for (let count = 0; count < 20; count++) asked('a');
  expect(published).toHaveLength(16);
  published[0]?.listener.confirmed();
  published[1]?.listener.failed(new Error('no'));
  for (let count = 0; count < 20; count++) asked('a');
  expect(published).toHaveLength(18);
});

it('says so where a tree is larger than a message may be', () => {
  answers({ maxMessageBytes: 100 }).keep(new Workflow(groupOf('g', 'a', 'b')));
  asked('g');
  expect(bodies()).toEqual([
    { program: 'here:1', error: expect.stringMatching(/\d+ bytes, and a message at most 100/) },
  ]);
});
