import { deserialize, serialize } from 'node:v8';
import type { Headers, HeaderValue } from '@tq/core/internal';
import { allocateFrame, HEADER_BYTES } from './frames.js';
import type { ChildMessage, ParentMessage, RunMessage, SuccessMessage } from './job-messages.js';

type Message = ParentMessage | ChildMessage;

/**
 * How a message crosses to a process and back: one byte for the form, then
 *
 *   any       what `v8.serialize` makes of it: all that structured clone takes, as a thread's port does
 *   run       id, task, attempt, queue, rootId, parentId, headers as JSON, each ended by NUL; then the body's text
 *   success   the result's text
 *   measured  the child's memory in bytes, ended by NUL; then the result's text
 *
 * The latter three cross for every job and cost 1.3 µs there and back; `v8.serialize` costs 8.6, JSON 3.2 and escapes
 * every quote of the body.
 */
const FORM = { any: 0, run: 1, success: 2, measured: 3 } as const;
const PAYLOAD = HEADER_BYTES + 1;
const END = '\0';
/** Fields of a run before its body. */
const RUN_FIELDS = 7;

/**
 * @returns a whole frame
 * @throws {TqError} `message-too-large`; what `v8.serialize` throws on values that are no data, such as functions
 */
export function encodeMessage(message: Message): Buffer {
  if (isRun(message) && message[9] === undefined && message[10] === undefined) {
    const head = runHead(message);
    if (head !== undefined) return textFrame(FORM.run, head, message[8]);
  } else if (isSuccess(message)) {
    const [, text, memoryBytes] = message;
    return memoryBytes === undefined
      ? textFrame(FORM.success, '', text)
      : textFrame(FORM.measured, `${memoryBytes}${END}`, text);
  }
  const bytes = serialize(message);
  const frame = allocateFrame(1 + bytes.length);
  frame[HEADER_BYTES] = FORM.any;
  bytes.copy(frame, PAYLOAD);
  return frame;
}

/**
 * @param payload of a frame
 * @throws {Error} when it is none that `encodeMessage` makes
 */
export function decodeMessage(payload: Buffer): Message {
  switch (payload[0]) {
    case FORM.any:
      return deserialize(payload.subarray(1)) as Message;
    case FORM.run:
      return decodeRunText(payload.toString('utf8', 1));
    case FORM.success:
      return ['success', payload.toString('utf8', 1)];
    case FORM.measured: {
      const end = payload.indexOf(END);
      return ['success', payload.toString('utf8', end + 1), Number(payload.toString('utf8', 1, end))];
    }
    default:
      throw new Error(`Expected the form of a message, found ${payload[0] ?? 'nothing'}.`);
  }
}

function textFrame(form: number, head: string, text: string): Buffer {
  const headBytes = Buffer.byteLength(head);
  const frame = allocateFrame(1 + headBytes + Buffer.byteLength(text));
  frame[HEADER_BYTES] = form;
  frame.write(head, PAYLOAD);
  frame.write(text, PAYLOAD + headBytes);
  return frame;
}

/** The fields before the body; undefined when not all of them can cross as text. */
function runHead([, id, task, attempt, queue, rootId, parentId, headers]: RunMessage): string | undefined {
  const headersText = encodeHeaders(headers);
  if (headersText === undefined || parentId === '') return undefined;
  const head = `${id}${END}${task}${END}${attempt}${END}${queue}${END}${rootId}${END}${parentId ?? ''}${END}${headersText}${END}`;
  return countEnds(head) === RUN_FIELDS ? head : undefined;
}

function decodeRunText(text: string): RunMessage {
  const fields: string[] = [];
  let begin = 0;
  while (fields.length < RUN_FIELDS) {
    const end = text.indexOf(END, begin);
    if (end === -1) throw new Error(`Expected ${RUN_FIELDS} fields before a job's body, found ${fields.length}.`);
    fields.push(text.slice(begin, end));
    begin = end + 1;
  }
  const [id, task, attempt, queue, rootId, parentId, headers] = fields as FieldTexts;
  return [
    'run',
    id,
    task,
    Number(attempt),
    queue,
    rootId,
    parentId === '' ? undefined : parentId,
    headers === '' ? {} : (JSON.parse(headers) as Headers),
    text.slice(begin),
  ];
}

type FieldTexts = [
  id: string,
  task: string,
  attempt: string,
  queue: string,
  root: string,
  parent: string,
  headers: string,
];

/** JSON text, empty for no headers; undefined where JSON would lose something. */
function encodeHeaders(headers: Headers): string | undefined {
  let count = 0;
  for (const key in headers) {
    if (!survivesJson(headers[key])) return undefined;
    count++;
  }
  return count === 0 ? '' : JSON.stringify(headers);
}

function survivesJson(value: HeaderValue): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value === 'string' || typeof value === 'boolean' || value === null;
}

function countEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf(END); at !== -1; at = text.indexOf(END, at + 1)) count++;
  return count;
}

function isRun(message: Message): message is RunMessage {
  return Array.isArray(message) && message[0] === 'run';
}

function isSuccess(message: Message): message is SuccessMessage {
  return Array.isArray(message) && message[0] === 'success';
}
