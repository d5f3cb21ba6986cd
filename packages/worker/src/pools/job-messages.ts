import type {
  CallRetry,
  EarlierError,
  Foreign,
  Headers,
  InboundMessage,
  Job,
  JobEnd,
  LogLevel,
  OutgoingCall,
  OutgoingMessage,
  OutgoingQuestion,
  QueueStatus,
  Reply,
  TaskFacts,
  TaskProgress,
} from '@tq/core/internal';
import type { PortError } from './port-error.js';

/**
 * A job for a child. A tuple, since it crosses for every job and structured clone writes each key of an object:
 * 55,000 a second against 47,000.
 */
export type RunMessage = readonly [
  type: 'run',
  id: string,
  task: string,
  attempt: number,
  queue: string,
  rootId: string,
  parentId: string | undefined,
  headers: Headers,
  bodyText: string,
  history?: JobHistory | undefined,
  foreign?: Foreign,
];

/** What few jobs have: a call's own words on retries, earlier tries, and a time when it is too late for another. */
export interface JobHistory {
  readonly retry: CallRetry | undefined;
  readonly errors: readonly EarlierError[];
  readonly expires: number | undefined;
}

/** A job succeeded; a tuple for the same reason. With the child's memory when it was asked to report it. */
export type SuccessMessage = readonly [type: 'success', resultText: string, memoryBytes?: number];

/** Everything that a pool says to a child. */
export type ParentMessage =
  | RunMessage
  /** The running job must end: its signal aborts. */
  | { readonly type: 'abort' }
  /** The running job takes longer than its soft limit: its signal aborts. */
  | { readonly type: 'soft-limit'; readonly limitMs: number }
  /** Report memory with every end from now on. */
  | { readonly type: 'report-memory' }
  /** There are no more jobs: run the slot-stop hooks and end. */
  | { readonly type: 'retire' }
  | CallAnswer;

/** What becomes of the calls and messages that a child's task made; `seq` is theirs, or the question's. */
export type CallAnswer =
  | { readonly type: 'confirmed'; readonly seq: number }
  | { readonly type: 'failed'; readonly seq: number; readonly error: PortError }
  | { readonly type: 'replied'; readonly seq: number; readonly reply: Reply }
  | { readonly type: 'room'; readonly seq: number }
  | { readonly type: 'queue-status'; readonly seq: number; readonly status: QueueStatus | undefined }
  | QuestionAnswer;

/** A message that came in, its body as a thread's port makes it. */
export type PortMessage = Omit<InboundMessage, 'body'> & { readonly body: Uint8Array };

/** What becomes of a question to a foreign program; `id` is its correlation id. */
export interface QuestionAnswer {
  readonly type: 'question';
  readonly id: string;
  readonly answer: 'confirmed' | { readonly error: PortError } | { readonly message: PortMessage };
}

/** Everything that a child says to its pool. */
export type ChildMessage =
  | SuccessMessage
  /** The running job ended otherwise. */
  | { readonly type: 'end'; readonly end: ChildEnd; readonly memoryBytes?: number }
  /** The running job tells how far it is. */
  | { readonly type: 'progress'; readonly progress: TaskProgress }
  /** The task modules are loaded. First message, unless loading failed; `run` is sent after it only. */
  | {
      readonly type: 'ready';
      readonly tasks: readonly string[];
      /** Of those tasks that have any, by name. */
      readonly facts: Readonly<Record<string, TaskFacts>>;
      /** `retire` has something to do. */
      readonly hasStopHooks: boolean;
    }
  /** The task modules did not load; the child ends. */
  | { readonly type: 'failed-to-load'; readonly error: PortError }
  /** An exception that nobody caught; the child ends, since its state is unknown. */
  | { readonly type: 'crashed'; readonly error: PortError }
  /** A log line; the fields are JSON text. */
  | { readonly type: 'log'; readonly level: LogLevel; readonly fieldsText: string; readonly message: string }
  | CallRequest;

/** The ends that a child can tell of; of the others only its pool knows. */
export type ChildEnd = Exclude<JobEnd, { kind: 'success' | 'lost' }>;

/** What a child's task asks of the connection that its pool holds. */
export type CallRequest =
  | {
      readonly type: 'call';
      readonly seq: number;
      readonly envelope: OutgoingCall['envelope'];
      readonly queue: string;
      readonly target?: OutgoingCall['target'];
      readonly eta?: OutgoingCall['eta'];
      readonly chords?: OutgoingCall['chords'];
      readonly followers?: readonly PortFollower[] | undefined;
      readonly publishTimeoutMs: number;
      /** An `abort-call` may follow. */
      readonly abortable: boolean;
    }
  /** A message that is no call. */
  | {
      readonly type: 'publish';
      readonly seq: number;
      readonly target: OutgoingMessage['target'];
      readonly properties: OutgoingMessage['message']['properties'];
      readonly body: Uint8Array;
      readonly mandatory: boolean;
      readonly publishTimeoutMs: number;
      /** An `abort-call` may follow. */
      readonly abortable: boolean;
    }
  | { readonly type: 'abort-call'; readonly seq: number }
  | { readonly type: 'forget'; readonly seq: number }
  | { readonly type: 'ask-room'; readonly seq: number }
  | { readonly type: 'ask-queue-status'; readonly seq: number; readonly queue: string }
  | QuestionRequest;

/** A later step of what a call begins, which the answers about it name by a number of its own. */
export interface PortFollower {
  readonly seq: number;
  readonly taskId: string;
}

/** What a child's task asks foreign programs. */
export type QuestionRequest =
  | {
      readonly type: 'ask';
      readonly target: OutgoingQuestion['target'];
      readonly properties: OutgoingQuestion['message']['properties'];
      readonly body: Uint8Array;
      readonly publishTimeoutMs: number;
      /** An `abort-question` may follow. */
      readonly abortable: boolean;
    }
  | { readonly type: 'abort-question'; readonly id: string }
  | { readonly type: 'forget-question'; readonly id: string };

export function encodeRun(job: Job): RunMessage {
  const { id, task, attempt, queue, rootId, parentId, headers, bodyText, foreign } = job;
  const history = historyOf(job);
  if (foreign !== undefined) {
    return ['run', id, task, attempt, queue, rootId, parentId, headers, bodyText, history, foreign];
  }
  if (history === undefined) return ['run', id, task, attempt, queue, rootId, parentId, headers, bodyText];
  return ['run', id, task, attempt, queue, rootId, parentId, headers, bodyText, history];
}

function historyOf({ retry, errors = NO_ERRORS, expires }: Job): JobHistory | undefined {
  return retry === undefined && errors.length === 0 && expires === undefined ? undefined : { retry, errors, expires };
}

const NO_ERRORS: readonly EarlierError[] = Object.freeze([]);

export function decodeRun(message: RunMessage): Job {
  const [, id, task, attempt, queue, rootId, parentId, headers, bodyText, history, foreign] = message;
  const { retry, errors, expires } = history ?? NO_HISTORY;
  return { id, task, attempt, queue, rootId, parentId, headers, bodyText, retry, errors, expires, foreign };
}

const NO_HISTORY: JobHistory = Object.freeze({ retry: undefined, errors: NO_ERRORS, expires: undefined });

/** True for the two messages that are tuples (`Array.isArray` does not narrow readonly ones). */
export function isTuple<M extends ParentMessage | ChildMessage>(message: M): message is Extract<M, readonly unknown[]> {
  return Array.isArray(message);
}
