/** What the other packages of tq use beside the public names; nobody else should import it. */

export type { App } from './app.js';
export type { AppBroker } from './app-broker.js';
export { type AppInternals, internalsOf } from './app-internals.js';
export { maskUrl } from './broker/broker-url.js';
export type { ChordChannel, HeldReply } from './broker/chord-channel.js';
export { chordQueueOf } from './broker/chord-queue.js';
export type { Connection, ConnectionStatus, Link, LinkUser, Trouble } from './broker/connection.js';
export { ConsumeChannel, type ConsumeChannelOptions } from './broker/consume-channel.js';
export type { Delivery } from './broker/consume-session.js';
export { consumerTimeoutOf } from './broker/consumer-timeout.js';
export { declare, isConflictOf, lookAtQueue, type QueueLook } from './broker/declare.js';
export { hasWaited, type Route } from './broker/delay-ladder.js';
export type { Delays } from './broker/delays.js';
export type { Lease } from './broker/lease.js';
export type { PublishEnd, PublishRequest } from './broker/outbox.js';
export type { PublishChannel } from './broker/publish-channel.js';
export { broadcastQueueTopology, workerQueueTopology } from './broker/shared-topology.js';
export { eventsTopology, type Inflow, subscriptionInflow } from './broker/subscription-topology.js';
export {
  type Binding,
  deadLetterTopology,
  type ExchangeDeclaration,
  type QueueDeclaration,
  type Topology,
} from './broker/topology.js';
export {
  type ConfigValues,
  configFile,
  configPart,
  setConfigValues,
} from './config/config-values.js';
export { checkKeys, isRecord, valueAt } from './config/keys.js';
export {
  bytes,
  custom,
  duration,
  flag,
  integer,
  invalid,
  list,
  NO_LIMIT,
  program,
  text,
  words,
} from './config/kinds.js';
export { isSettable, type Option, type OptionSource, type OptionTable, type OptionValues } from './config/option.js';
export { type ResolvedTable, readText, resolveTable } from './config/resolve.js';
export { argsTextOf } from './dead-letters/edited-arguments.js';
export { createDeferred, type Deferred } from './deferred.js';
export {
  assertNever,
  type ErrorCode,
  hasCode,
  PublishError,
  type RemoteError,
  TimeLimitError,
  TqError,
  toError,
} from './errors.js';
export type { DefinedEvent } from './events/event.js';
export { checkText, type EventOptions } from './events/event-options.js';
export { checkAsked, checkPatterns } from './events/subscribe-options.js';
export { isBuiltIn } from './execution/built-in-tasks.js';
export { factsOf, findTask, taskFacts, taskNames, unknownTask } from './execution/find-task.js';
export { isSameJob, type Job, type JobEnd, type JobIdentity, toJob } from './execution/job.js';
export { limitsFor, softestLimit } from './execution/limits-for.js';
export { ProgressPacer } from './execution/progress-pacer.js';
export { type JobRun, runJob } from './execution/run-job.js';
export type { ProgressReport } from './execution/running-task.js';
export { createLogger } from './execution/task-logger.js';
export { nearest } from './nearest.js';
export { Observers } from './observers.js';
export { APP_OPTIONS, type AppOptions, childVariables, traceOptions } from './options.js';
export { refuseUnknownKeys, requireInteger } from './options-check.js';
export { type Encoder, encoderOf } from './producer/encoder.js';
export type { RouteExplanation, RouteStep } from './producer/route-explanation.js';
export { hasFunctions, printRoutes, type Routes, routedQueues } from './producer/routes.js';
export type { CallRetry } from './protocol/call-retry.js';
export {
  afterFailedJoin,
  afterFailure,
  afterJoin,
  afterSuccess,
  type Failed,
  type FailedJoin,
  type Fallen,
} from './protocol/canvas/after.js';
export { type ChordReply, readChordReply, toChordReply } from './protocol/canvas/chord-reply.js';
export { type Embed, NO_EMBED, readEmbed } from './protocol/canvas/embed.js';
export {
  type ExpandedCall,
  type Expansion,
  expand,
} from './protocol/canvas/expand.js';
export type { JsonText } from './protocol/canvas/json-text.js';
export { type Member, memberOf } from './protocol/canvas/member.js';
export { type Awaited, afterReplaced } from './protocol/canvas/replace.js';
export { stateAfter } from './protocol/canvas/state-after.js';
export { type Sender, type StepMessage, senderOf, stepMessage } from './protocol/canvas/step-message.js';
export type { StepOptions } from './protocol/canvas/step-options.js';
export { stepTooLarge } from './protocol/canvas/step-size.js';
export { type Lazy, type Step, type TaskStep, textOf } from './protocol/canvas/wire-step.js';
export {
  DEAD_LETTER_REASONS,
  type DeathCertificate,
  encodeBareDeadLetter,
  encodeDeadLetter,
} from './protocol/dead-letter.js';
export { destinationOf, maxDelayMs } from './protocol/delay-key.js';
export { decodeEarlierErrors, type EarlierError } from './protocol/earlier-errors.js';
export { decodeEnvelope, type TaskMessage } from './protocol/envelope.js';
export {
  decodeError,
  type EncodedError,
  encodeError,
  encodeRevocation,
  failureText,
  type WireError,
} from './protocol/error-codec.js';
export {
  type Foreign,
  type ForeignMessage,
  type FunctionFrom,
  foreignMessage,
  type PlainFormat,
} from './protocol/foreign-message.js';
export type { Headers, HeaderValue, InboundMessage, OutboundMessage } from './protocol/message.js';
export { copyMessage, copyToDelay } from './protocol/message-copy.js';
export {
  broadcastExchange,
  CELERY_TASK,
  chordQueue,
  DELIVERY_COUNT_HEADER,
  type DeadLetterReason,
  deadLetterExchange,
  deadLetterQueue,
  delayDeadQueue,
  eventHeadersExchange,
  eventsExchange,
  everybodyQueue,
  exchangeName,
  HEADER,
  isDirectReply,
  isReservedHeader,
  isSharedName,
  isSubscriptionOf,
  isTaskTable,
  sharedNameOf,
  TQ_HEADER,
  watcherQueue,
  workflowsExchange,
} from './protocol/names.js';
export { nextTryHeaders } from './protocol/next-try.js';
export {
  copyHeaders,
  decodePlain,
  encodePlainReply,
  type PlainReading,
  type PlainReply,
} from './protocol/plain-message.js';
export type { TaskProgress } from './protocol/progress.js';
export {
  encodeProgress,
  encodeReply,
  encodeReplyWithin,
  encodeStarted,
  type FinalState,
  isFinal,
  type Reply,
  resultTooLarge,
  UNDEFINED_RESULT,
} from './protocol/reply.js';
export { serialize } from './protocol/serializer.js';
export type { SubscriptionFacts } from './protocol/subscription.js';
export type { TaskAddress } from './protocol/task-address.js';
export { decodeBody } from './protocol/task-body.js';
export { failureEnvelope, taskFailureText } from './protocol/task-failure.js';
export type { TimeLimits } from './protocol/time-limits.js';
export { encodeWorkflowQuestion, WORKFLOW_TYPE } from './protocol/workflow-question.js';
export {
  type CallListener,
  type Follower,
  failCall,
  type OutgoingCall,
  type OutgoingMessage,
  type OutgoingQuestion,
  type PublishListener,
  type QuestionListener,
  type QueueStatus,
  type Transport,
} from './results/transport.js';
export { readWorkflowAnswer } from './results/workflow-answer.js';
export { hasEnded } from './results/workflow-tree.js';
export { type Logger, type LogLevel, type Runtime, setDefaultLogger } from './runtime.js';
export type { CallOptions } from './task/call.js';
export { findCurrentTask, runInTask, type TaskContext } from './task/context.js';
export { hasHooks, runReadyHooks, runStartHooks, runStopHooks, type WorkerInfo } from './task/life-hooks.js';
export { checkTimeLimits } from './task/options.js';
export { addRegistry, becomeChild, callsWaiting, childTransport, openRegistries } from './task/process-state.js';
export { Registry, type Runnable } from './task/registry.js';
export type { PlainFacts, TaskFacts } from './task/task-facts.js';
export { fullJitter } from './time/backoff.js';
export { type Clock, systemClock, type Timer } from './time/clock.js';
export { type Deadline, Deadlines } from './time/deadlines.js';
export { formatDuration, parseDuration } from './time/duration.js';
export { parseIsoTime, printIsoTime } from './time/iso-time.js';
export { within } from './time/within.js';
export { bindingName, describeBinding } from './topology/difference.js';
export type { WorkerConfig } from './worker-config.js';
export type { TaskIdentity, WorkerEvents, WorkerIdentity, WorkerReady, WorkerSubscription } from './worker-events.js';
