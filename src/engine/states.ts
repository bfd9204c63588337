/** Every task status that Tasker names. A single-transaction engine never shows the transient ones (second group). */
export const TASK_STATUSES = [
  'pending',
  'steps_in_process',
  'waiting_for_dependencies',
  'waiting_for_retry',
  'blocked_by_failures',
  'complete',
  'error',
  'cancelled',
  'resolved_manually',

  'initializing',
  'enqueuing_steps',
  'evaluating_results',
] as const;

export type TaskStatus = (typeof TASK_STATUSES)[number];

/** Every step state that is ever shown. A step that is ready to run shows as `enqueued`. */
export const STEP_STATES = [
  'pending',
  'enqueued',
  'in_progress',
  'waiting_for_retry',
  'complete',
  'error',
  'cancelled',
  'resolved_manually',
] as const;

export type StepState = (typeof STEP_STATES)[number];

/** The states in which a step of an unfinished task can be given a new run by hand. */
export const RESETTABLE_STATES: readonly StepState[] = ['error'];

/** The states in which a step of an unfinished task can be resolved or completed by hand. */
export const FINISHABLE_STATES: readonly StepState[] = [
  'enqueued',
  'in_progress',
  'waiting_for_retry',
  'error',
];
