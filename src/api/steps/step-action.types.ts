/** What an operator can do with a step by hand, in Tasker's words. */
export const STEP_ACTION_TYPES = ['reset_for_retry', 'resolve_manually', 'complete_manually'] as const;

export type StepActionType = (typeof STEP_ACTION_TYPES)[number];
