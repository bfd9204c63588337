export { ApplicationEdgeModule } from './application.edge.js';
export { DomainEventPublisher } from './domain-event.publisher.js';
export type { DomainEventPublisherContract, EventPublication } from './domain-event.publisher.js';
export { EventPublisherRegistry } from './event-publisher.registry.js';
export { EventRelay } from './event.relay.js';
export { FallbackPoller } from './fallback.poller.js';
export { HandlerExplorer } from './handler.explorer.js';
export { HandlerRegistry, HandlersMissingError } from './handler.registry.js';
export { LeaseKeeper } from './lease.keeper.js';
export { LifecycleEnforcer } from './lifecycle.enforcer.js';
export { NamespaceMigrator } from './namespace.migrator.js';
export { ServedTemplates, UnknownNamespaceError } from './served-templates.js';
export { StartReminder } from './start.reminder.js';
export { StepDispatcher } from './step.dispatcher.js';
export type { DispatcherStatus } from './step.dispatcher.js';
export {
  MissingDependencyError,
  PermanentStepError,
  RetryableStepError,
  StepAbortedError,
  TransactionEndedError,
  TransactionMisuseError,
} from './step-errors.js';
export type { StepErrorOptions } from './step-errors.js';
export { StepExecutionResult, StepFailure, StepSuccess } from './step-execution-result.js';
export type { StepFailureOptions } from './step-execution-result.js';
export type { StepHandlerContract } from './step-handler.contract.js';
export { StepHandler } from './step-handler.decorator.js';
export { StepInputLoader } from './step-input.loader.js';
export { StepRecorder } from './step.recorder.js';
export { StepTransactions } from './step.transactions.js';
export { TaskSequenceStep } from './task-sequence-step.js';
export type { StepTask, WorkflowStep } from './task-sequence-step.js';
export { TASKER_FEATURE, TaskerFeature } from './tasker-feature.js';
export { NotReadyError, WorkerLoops } from './worker.loops.js';
export { TaskerWorker } from './tasker.worker.js';
export { WorkerLifecycle } from './worker.lifecycle.js';
export { WorkerStatistics } from './worker.statistics.js';
