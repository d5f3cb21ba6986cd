// Longer than most files: reading and writing stand side by side, and neither is to know a field that the other does not.

import { CELERY_TASK } from '../names.js';
import { poison } from '../poison.js';
import { isName } from '../task-address.js';
import { fieldsOf, itemsOf, type JsonText, listText, parseJson } from './json-text.js';
import { readShape, type Shape } from './shape.js';
import { readStepOptions, type StepOptions, writeStepOptions } from './step-options.js';

/** A step of a canvas: Celery's signature. */
export type Step = TaskStep | GroupStep | ChordStep | ChainStep;

/** A step that may not have been read yet; what nobody needs stays text. */
export type Lazy = Step | JsonText;

/** One call of a task. */
export interface TaskStep {
  readonly kind: 'task';
  /** The task's name. */
  readonly task: string;
  /** Fixed when the canvas is sent; undefined in a step of a Python program that has none. */
  readonly id: string | undefined;
  /** A JSON list. */
  readonly args: JsonText;
  /** A JSON object. */
  readonly kwargs: JsonText;
  /** It takes nothing of what came before. */
  readonly immutable: boolean;
  readonly options: StepOptions;
  /** Which member of which chord (or of a Python program's group) it is. */
  readonly group?: GroupPlace | undefined;
  readonly chord?: ChordOf | undefined;
  /** Steps that get its result, beside what comes next in its chain. */
  readonly link: readonly Lazy[];
  /** Steps that are called when it has failed for good. */
  readonly linkError: readonly Lazy[];
  /** What the client that makes it knows beside; never written. */
  readonly source?: unknown;
}

/** The place of a task in a group: Celery's `group` and `group_index`. */
export interface GroupPlace {
  readonly id: string;
  /** From 0. */
  readonly index: number;
}

/** The chord that a task is a member of, as its members carry it. */
export interface ChordOf {
  readonly body: Lazy;
  /** How many members there are. */
  readonly size: number;
  /** Undefined when the body gets a flat list. */
  readonly shape: readonly Shape[] | undefined;
}

/** Steps that run side by side. */
export interface GroupStep {
  readonly kind: 'group';
  readonly id: string | undefined;
  readonly tasks: readonly Lazy[];
}

/** Steps that run side by side, and one that gets the list of their results. */
export interface ChordStep {
  readonly kind: 'chord';
  /** That of its group, after which its queue is named. */
  readonly id: string | undefined;
  readonly header: readonly Lazy[];
  readonly body: Lazy;
}

/** Steps that run one after the other. */
export interface ChainStep {
  readonly kind: 'chain';
  /** In the order in which they run. */
  readonly tasks: readonly Lazy[];
}

/** Names of a signature's options that say what a step is, not how it is called. */
const ID = 'task_id';
const GROUP_ID = 'group_id';
const GROUP_INDEX = 'group_index';
const CHORD_OF = 'chord';
const LINK = 'link';
const LINK_ERROR = 'link_error';
const SHAPE = 'tq-shape';
/** Of the body of a chord, beside its options. */
const CHORD_SIZE = 'chord_size';

/**
 * Reads a step, and of the steps in it nothing.
 * @throws {TqError} `poison` when the text is no signature of Celery's
 */
export function stepOf(lazy: Lazy): Step {
  if (typeof lazy !== 'string') return lazy;
  const fields = fieldsOf(lazy, 'step of a canvas');
  const task = textIn(fields, 'task');
  if (!isName(task)) throw poison('task of a step', 'text of at most 255 bytes', task);
  switch (task) {
    case CELERY_TASK.chain:
      return readChain(fields);
    case CELERY_TASK.group:
      return readGroup(fields);
    case CELERY_TASK.chord:
      return readChord(fields);
    default:
      return readTask(task, fields);
  }
}

function readTask(task: string, fields: ReadonlyMap<string, JsonText>): TaskStep {
  const options = objectIn(fields, 'options');
  const links = {
    link: linksIn(options, LINK),
    linkError: linksIn(options, LINK_ERROR),
  };
  const place = { id: idIn(options), ...placeIn(options) };
  for (const name of [ID, GROUP_ID, GROUP_INDEX, CHORD_OF, LINK, LINK_ERROR, SHAPE]) options.delete(name);
  return {
    kind: 'task',
    task,
    ...place,
    args: given(fields, 'args') === undefined ? '[]' : listIn(fields, 'args'),
    kwargs: kwargsOf(fields),
    immutable: fields.get('immutable') === 'true',
    options: readStepOptions(options),
    ...links,
  };
}

function placeIn(options: ReadonlyMap<string, JsonText>): Pick<TaskStep, 'group' | 'chord'> {
  const id = textIn(options, GROUP_ID);
  const index = given(options, GROUP_INDEX);
  const body = given(options, CHORD_OF);
  const chord = body === undefined ? undefined : chordOf(body);
  return {
    ...(id !== undefined && index !== undefined && { group: { id, index: countOf(index, GROUP_INDEX) } }),
    ...(chord !== undefined && { chord }),
  };
}

/**
 * The body of a chord as its members carry it; undefined when it does not say how many those are: so Celery's do in a chord
 * that is still to begin, and when it begins they are counted.
 */
export function chordOf(body: JsonText): ChordOf | undefined {
  const fields = fieldsOf(body, 'body of a chord');
  const sizeText = given(fields, CHORD_SIZE);
  if (sizeText === undefined) return undefined;
  const size = countOf(sizeText, CHORD_SIZE);
  const shape = given(objectIn(fields, 'options'), SHAPE);
  const chord = { body, size, shape: shape === undefined ? undefined : readShape(parseJson(shape, SHAPE), size) };
  CHORD_TEXTS.set(chord, body);
  return chord;
}

function readGroup(fields: ReadonlyMap<string, JsonText>): GroupStep {
  const tasks = itemsOf(objectIn(fields, 'kwargs').get('tasks') ?? '', 'tasks of a group');
  return { kind: 'group', id: idIn(objectIn(fields, 'options')), tasks };
}

/** Python's header is the signature of a group, or its list of tasks. */
function readChord(fields: ReadonlyMap<string, JsonText>): ChordStep {
  const kwargs = objectIn(fields, 'kwargs');
  const header = kwargs.get('header') ?? '';
  const group = header.startsWith('[') ? undefined : readGroup(fieldsOf(header, 'header of a chord'));
  const body = given(kwargs, 'body');
  if (body === undefined) throw poison('body of a chord', 'a step', undefined);
  return {
    kind: 'chord',
    id: idIn(objectIn(fields, 'options')) ?? group?.id,
    header: group === undefined ? itemsOf(header, 'header of a chord') : group.tasks,
    body,
  };
}

/** What Python links to a chain as a whole is its last step's; its errbacks are every step's. */
function readChain(fields: ReadonlyMap<string, JsonText>): ChainStep {
  const tasks: Lazy[] = itemsOf(objectIn(fields, 'kwargs').get('tasks') ?? '', 'tasks of a chain');
  const options = objectIn(fields, 'options');
  const link = linksIn(options, LINK);
  const linkError = linksIn(options, LINK_ERROR);
  if (link.length + linkError.length === 0) return { kind: 'chain', tasks };
  const linked = tasks.map((task, index) => withLinks(task, index === tasks.length - 1 ? link : [], linkError));
  return { kind: 'chain', tasks: linked };
}

function withLinks(lazy: Lazy, link: readonly Lazy[], linkError: readonly Lazy[]): Step {
  const step = stepOf(lazy);
  if (step.kind !== 'task') return step;
  return { ...step, link: [...step.link, ...link], linkError: [...step.linkError, ...linkError] };
}

function linksIn(options: ReadonlyMap<string, JsonText>, name: string): readonly Lazy[] {
  const text = given(options, name);
  if (text === undefined) return NONE;
  return text.startsWith('{') ? [text] : itemsOf(text, name);
}

const NONE: readonly Lazy[] = Object.freeze([]);

/** What stands there, unless it is null: to Celery that says nothing. */
function given(fields: ReadonlyMap<string, JsonText>, name: string): JsonText | undefined {
  const text = fields.get(name);
  return text === 'null' ? undefined : text;
}

function objectIn(fields: ReadonlyMap<string, JsonText>, name: string): Map<string, JsonText> {
  const text = given(fields, name);
  return text === undefined ? new Map() : fieldsOf(text, `${name} of a step`);
}

function kwargsOf(fields: ReadonlyMap<string, JsonText>): JsonText {
  const text = given(fields, 'kwargs') ?? '{}';
  if (!text.startsWith('{')) throw poison('kwargs of a step', 'an object', parseJson(text, 'kwargs of a step'));
  return text;
}

function listIn(fields: ReadonlyMap<string, JsonText>, name: string): JsonText {
  const text = given(fields, name) ?? '[]';
  if (!text.startsWith('[')) throw poison(`${name} of a step`, 'a list', parseJson(text, name));
  return text;
}

function textIn(fields: ReadonlyMap<string, JsonText>, name: string): string | undefined {
  const text = given(fields, name);
  if (text === undefined) return undefined;
  const value = parseJson(text, name);
  if (typeof value !== 'string') throw poison(`${name} of a step`, 'text', value);
  return value;
}

function idIn(options: ReadonlyMap<string, JsonText>): string | undefined {
  const id = textIn(options, ID);
  if (id === undefined || isName(id)) return id;
  throw poison('task_id of a step', 'text of 1 to 255 bytes', id);
}

function countOf(text: JsonText, name: string): number {
  const value = parseJson(text, name);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw poison(`${name} of a step`, 'a whole number from 0 on', value);
}

/** A step as the wire has it. */
export function textOf(lazy: Lazy): JsonText {
  return typeof lazy === 'string' ? lazy : stepText(lazy);
}

function stepText(step: Step, chord?: ChordOf): JsonText {
  const options = new Map<string, JsonText>();
  if (step.kind !== 'chain' && step.id !== undefined) options.set(ID, JSON.stringify(step.id));
  if (step.kind === 'task') addTaskOptions(options, step);
  if (chord?.shape !== undefined) options.set(SHAPE, JSON.stringify(chord.shape));
  const { task, args, kwargs, type, immutable } = partsOf(step);
  const size = chord === undefined ? '' : `,"${CHORD_SIZE}":${chord.size}`;
  return `{"task":${JSON.stringify(task)},"args":${args},"kwargs":${kwargs},"options":${objectText(options)},"subtask_type":${type},"immutable":${immutable}${size}}`;
}

function partsOf(step: Step): { task: string; args: JsonText; kwargs: JsonText; type: JsonText; immutable: boolean } {
  switch (step.kind) {
    case 'task':
      return { ...step, type: 'null' };
    case 'chain':
      return { ...NOTHING, task: CELERY_TASK.chain, kwargs: `{"tasks":${stepsText(step.tasks)}}`, type: '"chain"' };
    case 'group':
      return { ...NOTHING, task: CELERY_TASK.group, kwargs: `{"tasks":${stepsText(step.tasks)}}`, type: '"group"' };
    case 'chord':
      return { ...NOTHING, task: CELERY_TASK.chord, kwargs: chordKwargs(step), type: '"chord"' };
  }
}

const NOTHING = { args: '[]', immutable: false };

function chordKwargs({ id, header, body }: ChordStep): JsonText {
  return `{"kwargs":{},"header":${stepText({ kind: 'group', id, tasks: header })},"body":${textOf(body)}}`;
}

function addTaskOptions(options: Map<string, JsonText>, step: TaskStep): void {
  for (const [name, text] of writeStepOptions(step.options)) options.set(name, text);
  if (step.group !== undefined) {
    options.set(GROUP_ID, JSON.stringify(step.group.id));
    options.set(GROUP_INDEX, String(step.group.index));
  }
  if (step.chord !== undefined) options.set(CHORD_OF, chordText(step.chord));
  if (step.link.length > 0) options.set(LINK, stepsText(step.link));
  if (step.linkError.length > 0) options.set(LINK_ERROR, stepsText(step.linkError));
}

/** Steps as a list, in their order. */
export function stepsText(steps: readonly Lazy[]): JsonText {
  return listText(steps.map(textOf));
}

const CHORD_TEXTS = new WeakMap<ChordOf, JsonText>();

/** A chord's body as its members carry it; they share one chord, and so its text. */
export function chordText(chord: ChordOf): JsonText {
  let text = CHORD_TEXTS.get(chord);
  if (text === undefined) {
    text = stepText(stepOf(chord.body), chord);
    CHORD_TEXTS.set(chord, text);
  }
  return text;
}

function objectText(fields: ReadonlyMap<string, JsonText>): JsonText {
  return `{${Array.from(fields, ([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
}
