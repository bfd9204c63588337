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
