/** What every operation on one task can answer; for its description. */
export const TASK_NOT_FOUND = {
  BAD_REQUEST: "Failed to decode param '%ff'",
  INVALID_UUID: 'Expected a uuid in the path, found "not-a-uuid"',
  NOT_FOUND: 'Task not found: 0197a0de-0000-7000-8000-000000000001',
} as const;

/** What every operation on one step can answer. */
export const STEP_NOT_FOUND = {
  BAD_REQUEST: TASK_NOT_FOUND.BAD_REQUEST,
  INVALID_UUID: TASK_NOT_FOUND.INVALID_UUID,
  NOT_FOUND:
    'Step not found: 0197a0de-0000-8000-8000-000000000002 of task 0197a0de-0000-7000-8000-000000000001',
} as const;
