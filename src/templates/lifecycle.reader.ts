import { mapOf } from './map.reader.js';
import { STALENESS_ACTIONS, type LifecycleTemplate } from './template.types.js';
import { choice, flag, integer } from './value.readers.js';

/** A year, and one day more for a leap year. */
const LONGEST_MINUTES = 366 * 24 * 60;

const minutes = integer(1, LONGEST_MINUTES);

/** How long a task may take, in all and in one state, and what becomes of one that takes longer. */
export const lifecycle = mapOf((key): LifecycleTemplate => ({
  maxDurationMinutes: key.optional('max_duration_minutes', minutes, null),
  maxWaitingForDependenciesMinutes: key.optional('max_waiting_for_dependencies_minutes', minutes, null),
  maxWaitingForRetryMinutes: key.optional('max_waiting_for_retry_minutes', minutes, null),
  maxStepsInProcessMinutes: key.optional('max_steps_in_process_minutes', minutes, null),
  stalenessAction: key.optional('staleness_action', choice(...STALENESS_ACTIONS), 'dlq'),
  autoFailOnTimeout: key.optional('auto_fail_on_timeout', flag, null),
  autoDlqOnTimeout: key.optional('auto_dlq_on_timeout', flag, null),
}));
