import type { Route } from '../broker/delay-ladder.js';
import { asPublishError, isPublishError, PlainCallError, TqError, toError } from '../errors.js';
import { encodeForeignBody } from '../protocol/foreign-body.js';
import type { InboundMessage } from '../protocol/message.js';
import { decodePlainAnswer } from '../protocol/plain-answer.js';
import type { OutgoingQuestion, Transport } from '../results/transport.js';
import { answerRefusal } from '../schema/refusal.js';
import { validate } from '../schema/validate.js';
import type { Clock } from '../time/clock.js';
import type { Deadline, Deadlines } from '../time/deadlines.js';
import { formatDuration } from '../time/duration.js';
import { plainProperties, plainRoute, requirePlainQueue } from './message-options.js';
import { type PlainCallOptions, type ResolvedPlainCall, resolvePlainCall, WHERE } from './plain-call-options.js';
import { orQueueMissing } from './queue-missing.js';

/** What plain calls need of their app. */
export interface PlainCallServices {
  readonly prefix: string;
  readonly transport: () => Transport;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly resultTimeoutMs: number;
}

interface Question {
  /** As the caller named it. */
  readonly queue: string;
  readonly target: Route;
  readonly message: OutgoingQuestion['message'];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Calls programs that know no tasks, over the app's reply queue. */
export class PlainCalls {
  readonly #services: PlainCallServices;

  constructor(services: PlainCallServices) {
    this.#services = services;
  }

  /** One call; see `PlainCall`. */
  async call(queue: string, body: unknown, options: PlainCallOptions = {}): Promise<unknown> {
    const resolved = resolvePlainCall(options, this.#services.resultTimeoutMs);
    const question = this.#question(queue, body, resolved);
    const transport = this.#services.transport();
    const release = transport.hold();
    try {
      return await readValue(queue, await this.#ask(transport, question), resolved);
    } finally {
      release();
    }
  }

  #question(queue: string, body: unknown, options: ResolvedPlainCall): Question {
    const { prefix, newId } = this.#services;
    const { format, timeout: timeoutMs, signal } = options;
    const target = plainRoute(options, { queue: requirePlainQueue(queue, prefix, WHERE), prefix, where: WHERE });
    const properties = plainProperties(options, { format, where: WHERE });
    const message = { properties: { ...properties, correlationId: newId() }, body: bodyOf(body, options) };
    return { queue, target, message, timeoutMs, signal };
  }

  #ask(transport: Transport, question: Question): Promise<InboundMessage> {
    const { deadlines, clock } = this.#services;
    const { queue, target, message, timeoutMs, signal } = question;
    const startedAt = clock.monotonic();
    const id = message.properties.correlationId;
    return new Promise((resolve, reject) => {
      let over = false;
      let deadline: Deadline | undefined;
      const leave = () => {
        over = true;
        transport.forget(id);
        if (deadline !== undefined) deadlines.cancel(deadline);
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: Error) => {
        if (over) return;
        leave();
        reject(error);
      };
      const onAbort = () => fail(aborted(queue, signal));
      transport.ask({
        target,
        message,
        // The publish has the whole time: until its confirm nothing else can end the call.
        publishTimeoutMs: timeoutMs,
        signal,
        listener: {
          confirmed: () => {
            if (over) return;
            const remainingMs = timeoutMs - (clock.monotonic() - startedAt);
            deadline = deadlines.set(remainingMs, () => void this.#unanswered(transport, question).then(fail));
            // The signal of a child's call may be aborted while its confirm is on the way.
            if (signal?.aborted) onAbort();
            else signal?.addEventListener('abort', onAbort, { once: true });
          },
          failed: (error) => void this.#unsent(transport, question, error).then(fail),
          answered: (answer) => {
            leave();
            resolve(answer);
          },
        },
      });
    });
  }

  async #unsent(transport: Transport, { queue, target, timeoutMs }: Question, error: Error): Promise<Error> {
    if (!isPublishError(error)) return error;
    if (error.code !== 'publish-timeout') return orQueueMissing(transport, target, error);
    const text = `No answer from '${queue}' within ${formatDuration(timeoutMs)}: ${error.message}`;
    return new TqError('plain-call-timeout', text, { fields: { queue, timeoutMs }, cause: error });
  }

  /** An answer that comes while the broker is asked ends the call as well as any. */
  async #unanswered(transport: Transport, { queue, target, timeoutMs }: Question): Promise<Error> {
    const known = await describe(transport, target).catch(() => 'the broker could not be asked for its queue.');
    const text = `No answer from '${queue}' within ${formatDuration(timeoutMs)}: ${known}`;
    return new TqError('plain-call-timeout', text, { fields: { queue, timeoutMs } });
  }
}

async function describe(transport: Transport, { exchange, routingKey: queue }: Route): Promise<string> {
  if (exchange !== '') {
    return `it was published to the exchange '${exchange}': is its server running on a queue that it goes to from there?`;
  }
  const status = await transport.queueStatus(queue);
  if (status === undefined) return 'it is published; the broker could not be asked for its queue.';
  const { messages, consumers } = status;
  const count = `${messages} message${messages === 1 ? '' : 's'}`;
  if (consumers === 0) return `'${queue}' has ${count} and no consumer: is its server running?`;
  return `'${queue}' has ${count} waiting and ${consumers} consumer${consumers === 1 ? '' : 's'}.`;
}

/** A body that cannot be written is the same error as with calls of tasks. */
function bodyOf(body: unknown, { format }: ResolvedPlainCall): Buffer {
  try {
    return encodeForeignBody(body, format);
  } catch (thrown) {
    throw asPublishError(thrown);
  }
}

async function readValue(
  queue: string,
  message: InboundMessage,
  { format, schema }: Pick<ResolvedPlainCall, 'format' | 'schema'>,
): Promise<unknown> {
  const answer = readAnswer(queue, message, format);
  if (answer.kind === 'error') throw new PlainCallError(queue, answer.error);
  if (schema === undefined) return answer.value;
  const validation = await validate(schema, answer.value);
  if (validation.kind === 'fits') return validation.value;
  const { code, message: text, options } = answerRefusal(queue, validation);
  throw new TqError(code, text, options);
}

function readAnswer(queue: string, message: InboundMessage, format: ResolvedPlainCall['format']) {
  try {
    return decodePlainAnswer(message, format);
  } catch (cause) {
    const text = `The answer from '${queue}' cannot be read: ${toError(cause).message}`;
    throw new TqError('poison', text, { fields: { queue }, cause });
  }
}

function aborted(queue: string, signal: AbortSignal | undefined): TqError {
  const text = `The wait for an answer from '${queue}' was aborted by its signal; what was asked for goes on.`;
  return new TqError('result-aborted', text, { fields: { queue }, cause: signal?.reason });
}
