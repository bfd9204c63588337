export { BackpressureError } from './backlog/index.js';
export { WorkerBootstrap } from './bootstrap/index.js';
export type { SchemaUpdateConfig, WorkerBootstrapConfig, WorkerHandle } from './bootstrap/index.js';
export { SubmitFailedError, TaskClient } from './client/index.js';
export type {
  ManualAction,
  ReadOptions,
  SubmitManyOutcome,
  SubmitOptions,
  WaitOptions,
} from './client/index.js';
export { InvalidSettingsError } from './config/index.js';
export type { SettingsOverrides } from './config/index.js';
export { Database } from './database/index.js';
export type { Statement } from './database/index.js';
export { OnDomainEvent } from './domain-events/index.js';
export type { DomainEvent, EventDelivery, SubscriptionOptions } from './domain-events/index.js';
export {
  DuplicateTaskError,
  InvalidStateError,
  InvalidTaskRequestError,
  InvalidUuidError,
  isSettled,
  NoTransactionError,
  NotFoundError,
  STEP_STATES,
  TASK_STATUSES,
  TaskerError,
  TemplateNotFoundError,
  WaitTimeoutError,
} from './engine/index.js';
export type {
  ExecutionStatus,
  HealthStatus,
  JsonObject,
  JsonValue,
  RecommendedAction,
  StepExecutionEnvelope,
  StepState,
  SubmittedTask,
  Task,
  TaskRequest,
  TaskStatus,
  TaskStep,
  Violation,
} from './engine/index.js';
export { HealthModule } from './health/index.js';
export { TaskerExceptionFilter } from './http/index.js';
export { TaskerModule } from './tasker.module.js';
export type { TaskerFeatureOptions, TaskerModuleAsyncOptions, TaskerModuleOptions } from './tasker.module.js';
export { TemplateLoadError } from './templates/index.js';
export type { StepTemplate, TaskTemplate } from './templates/index.js';
export {
  DomainEventPublisher,
  HandlersMissingError,
  MissingDependencyError,
  NotReadyError,
  PermanentStepError,
  RetryableStepError,
  StepAbortedError,
  StepExecutionResult,
  StepFailure,
  StepHandler,
  StepSuccess,
  TaskerWorker,
  TaskSequenceStep,
  TransactionEndedError,
  TransactionMisuseError,
} from './worker/index.js';
export type {
  DomainEventPublisherContract,
  EventPublication,
  StepErrorOptions,
  StepFailureOptions,
  StepHandlerContract,
  StepTask,
  WorkflowStep,
} from './worker/index.js';
