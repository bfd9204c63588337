export type {
  AttemptKey,
  Claimant,
  ClaimAnswer,
  ClaimedStep,
  CompletionAnswer,
  FailureDetail,
  HandedStep,
  NewTask,
  ReclaimedStep,
  RetryRule,
  StepEvent,
  StepEventOrigin,
  StepReport,
  Wanted,
  SubmitAnswer,
  UnrecordedReport,
} from './claim.types.js';
export { DeadLetterReader } from './dead-letter.reader.js';
export type { DeadLetter } from './dead-letter.reader.js';
export { Engine } from './engine.js';
export type { ManualOutcome } from './engine.js';
export {
  DuplicateTaskError,
  InvalidStateError,
  InvalidTaskRequestError,
  InvalidUuidError,
  NoTransactionError,
  NotFoundError,
  TaskerError,
  TemplateNotFoundError,
  toldViolations,
  violationText,
  WaitTimeoutError,
} from './errors.js';
export type { Violation } from './errors.js';
export { inspectJson, jsonProblem, storedJson } from './json.check.js';
export type { JsonProblem } from './json.check.js';
export type { JsonList, JsonObject, JsonValue } from './json.types.js';
export { FINISHABLE_STATES, RESETTABLE_STATES, STEP_STATES, TASK_STATUSES } from './states.js';
export type { StepState, TaskStatus } from './states.js';
export { onAbort } from './abort.listeners.js';
export { attemptTokens } from './attempt.tokens.js';
export { acceptedTask } from './accepted-task.js';
export { StepAuditReader } from './step-audit.reader.js';
export type { AuditedAction, StepAuditEntry, StepAuditPage } from './step-audit.types.js';
export { StepInput } from './step-input.js';
export { StepInputReader } from './step-input.reader.js';
export type { InputAnswer, InputExcess } from './step-input.reader.js';
export { StepResultReader } from './step-result.reader.js';
export { stepIndexOf, stepUuid } from './step-uuid.js';
export { taskIdentity } from './task-identity.js';
export { TaskEventReader } from './task-event.reader.js';
export type { RecordedTaskEvent, RunningStep, TaskEventCursor, TaskEventPage } from './task-event.reader.js';
export { TaskLister } from './task.lister.js';
export type { TaskCount, TaskFilter, TaskPage, TaskPlace } from './task.lister.js';
export { TaskReader } from './task.reader.js';
export type { StepContents } from './task.reader.js';
export { checkTaskRequest } from './task-request.check.js';
export { isSettled } from './task.types.js';
export type {
  ExecutionStatus,
  HealthStatus,
  RecommendedAction,
  StepExecutionEnvelope,
  SubmittedTask,
  Task,
  TaskRequest,
  TaskStep,
} from './task.types.js';
export { TemplateCatalog, TemplateChangedError } from './template.catalog.js';
export type { RegisteredEvent, RegisteredStep, RegisteredTemplate } from './template.catalog.js';
export { templateGraph } from './template.graph.js';
export type { GraphStep } from './template.graph.js';
export { characters, checkManualAction, LONGEST, MOST_TAGS, storableText } from './text.limits.js';
export { checkedUuid, isUuid } from './uuid.check.js';
export { timeOrderedUuid } from './time-ordered.uuid.js';
export { retryTransient } from './transient.retry.js';
