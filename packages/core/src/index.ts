export { type App, createApp, type RouteCall } from './app.js';
export type { AppEvents, ConnectionDown, ConnectionUp, PublishFailed } from './app-events.js';
export type { BindingOptions } from './broker/binding-options.js';
export type { ExchangeOptions, ExchangeType } from './broker/exchange-options.js';
export type { Auth } from './broker/login.js';
export type { QueueDepth } from './broker/queue-admin.js';
export type { Overflow, QueueDeclare, QueueOptions, QueueType } from './broker/queue-options.js';
export type { QueueCallOptions, QueueDeleteOptions, TaskQueue } from './broker/task-queue.js';
export type { TlsOptions } from './broker/tls-options.js';
export type { Binding, ExchangeDeclaration, QueueDeclaration, Topology } from './broker/topology.js';
export { type AfterSpread, chain, type Last, type SpreadSteps, type Steps } from './canvas/chain.js';
export { type AnyGroup, chord, type Header, type HeaderOf } from './canvas/chord.js';
export type { CompleteStep, Follows, WrongStep } from './canvas/follows.js';
export type { HeadOfAll, MakeGroup, OutOfAll, PrevOfAll } from './canvas/group.js';
export type { ByteSize } from './config/byte-size.js';
export type { UrlOrder } from './connection-options.js';
export type { DeadLetters } from './dead-letters/dead-letters.js';
export type { DeadLetterFilter } from './dead-letters/filter.js';
export type {
  DeadLetterCallOptions,
  DeadLetterProgress,
  DeadLetterPurgeOptions,
  DeadLetterPurgeReport,
  DeadLetterRetryOptions,
  DeadLetterRetryReport,
  EditDeadLetter,
  EditedArguments,
} from './dead-letters/options.js';
export {
  declareTask,
  defaultApp,
  defineEvent,
  defineTask,
  group,
  plainCall,
  plainQueue,
  subscribe,
} from './default-app.js';
export { defineConfig, type TqConfig, type TqConfigSource } from './define-config.js';
export {
  type ErrorCode,
  type ErrorFields,
  hasCode,
  PlainCallError,
  PublishError,
  type RemoteError,
  ResultTimeoutError,
  ResultWaitInTaskError,
  SoftTimeLimitError,
  TaskFailedError,
  TaskRevokedError,
  TimeLimitError,
  TqError,
} from './errors.js';
export type { DefinedEvent, DefineEvent } from './events/event.js';
export type { EventOptions, PublishOptions } from './events/event-options.js';
export type { SubscribeOptions } from './events/subscribe-options.js';
export type { EventHandler, ReceivedEvent, Subscribe, Subscription } from './events/subscription.js';
export type { AppOptions } from './options.js';
export type { PlainMessageOptions } from './plain/message-options.js';
export type { PlainCall, PlainCallOptions } from './plain/plain-call-options.js';
export type { PlainQueue } from './plain/plain-queue.js';
export type { PlainConsumeOptions, PlainPublishOptions, PlainQueueOptions } from './plain/plain-queue-options.js';
export type { RouteExplanation, RouteStep } from './producer/route-explanation.js';
export type {
  RoutedCall,
  RouteFunction,
  RouteOptions,
  RouteRule,
  Routes,
  RouteTarget,
} from './producer/routes.js';
export type { BackoffShape, CallRetry, RetryNumbers } from './protocol/call-retry.js';
export type { DeadLetter, DeadLetterMessage } from './protocol/dead-letter.js';
export type { EarlierError } from './protocol/earlier-errors.js';
export type { ForeignFormat } from './protocol/foreign-body.js';
export type { ForeignMessage, FunctionFrom, PlainFormat } from './protocol/foreign-message.js';
export type { HeadersMatch } from './protocol/headers-match.js';
export type { Headers, HeaderValue } from './protocol/message.js';
export type { DeadLetterReason } from './protocol/names.js';
export type { Preset } from './protocol/preset.js';
export type { TaskProgress } from './protocol/progress.js';
export type { TaskFailure } from './protocol/task-failure.js';
export type {
  AnyResult,
  AsyncResult,
  EndedMember,
  GetOptions,
  GroupResult,
  MemberResult,
} from './results/async-result.js';
export type { ProgressOptions } from './results/progress-feed.js';
export type { Publication } from './results/publication.js';
export type { ResultState } from './results/result-state.js';
export type { WorkflowTree } from './results/workflow-tree.js';
export type { Logger } from './runtime.js';
export type { Issue } from './schema/issue-text.js';
export type {
  ArgsSchema,
  ResultSchema,
  SchemaFailure,
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaPathSegment,
  SchemaResult,
  SchemaSuccess,
  SchemaTypes,
  StandardSchema,
} from './schema/standard-schema.js';
export type {
  Bind,
  BindFixed,
  Bindings,
  BindNone,
  BindOpen,
  EitherWay,
  HasOptional,
  OnlyArgument,
  Tail,
} from './task/bind.js';
export { type Broadcast, type BroadcastCall, type BroadcastOptions, broadcast } from './task/broadcast.js';
export type { CallOptions } from './task/call.js';
export type {
  AnyCanvas,
  Canvas,
  CanvasCallOptions,
  CanvasOptions,
  CanvasTypes,
  Chain,
  Chord,
  Composable,
  Group,
  HandleOf,
  HeadOf,
  Linkable,
  OutOf,
  PrevOf,
  Signature,
  SignatureOptions,
  Start,
} from './task/canvas.js';
export type { TasksOf } from './task/class-tasks.js';
export { currentTask, type TaskContext } from './task/context.js';
export { Task, type TaskDecorator, type TaskMetadata } from './task/decorators.js';
export type { DefineTask, HandlerOfWire, WireTypes } from './task/define-task.js';
export {
  onSlotStart,
  onSlotStop,
  onWorkerReady,
  onWorkerStart,
  onWorkerStop,
  type WorkerInfo,
} from './task/life-hooks.js';
export type { Middleware, PublishCall, TaskRun, WillRetry } from './task/middleware.js';
export type { FailureTask, NamedTask, TaskOfFailures, TaskQueueOption } from './task/on-failure.js';
export type { DeclarationOptions, DefinitionOptions, SchemaOptions, TaskOptions } from './task/options.js';
export type { Wire, WireOptions } from './task/plain-task.js';
export type { Backoff, ErrorClass, ErrorMatcher, RetryOptions } from './task/retry-options.js';
export type {
  Arguments,
  BulkOptions,
  CallOf,
  Handler,
  HandlerFor,
  HandlerResult,
  Result,
  Returned,
  Task as TaskOf,
} from './task/task.js';
export { Ignore, Reject, Retry, type RetryRequest } from './task/verdicts.js';
export type { Duration } from './time/duration.js';
export type { KnownBinding, TopologyDifference } from './topology/difference.js';
export type { MigrateOptions, MigrationProgress, MigrationReport, MigrationStage } from './topology/migrate-options.js';
export type {
  DeclaredThing,
  TopologyAdmin,
  TopologyCallOptions,
  TopologyDiff,
  TopologyDiffOptions,
  TopologyReport,
} from './topology/topology-admin.js';
export type { PoolKind, UnknownTask, WorkerConfig } from './worker-config.js';

export type {
  QueueAttached,
  QueueDetached,
  TaskEnded,
  TaskExpired,
  TaskFailed,
  TaskIdentity,
  TaskLost,
  TaskRefused,
  TaskRetried,
  WorkerEvents,
  WorkerIdentity,
  WorkerReady,
  WorkerSubscription,
} from './worker-events.js';
