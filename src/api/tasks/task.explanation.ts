import { isSettled } from '../../engine/index.js';
import type { Task, TaskStatus } from '../../engine/index.js';
import type { StepSummary } from './task-summary.responses.js';

const MOST_NAMES = 5;

/** How a task stands in a sentence: how far it has come, what has failed and why, what runs, what waits for what. */
export function explainTask(task: Task, steps: readonly StepSummary[]): string {
  const progress = `${task.completedSteps} of ${task.totalSteps} steps`;
  const parts = [...failures(steps), ...(isSettled(task.status) ? [] : [...running(steps), ...waits(steps)])];
  const limit = task.exceededLimit === null ? [] : [`it is over its limit ${task.exceededLimit}`];
  const said = [...limit, ...parts, ...(task.status === 'blocked_by_failures' ? blocked(steps) : [])];
  return `${HEADLINES[task.status]} after ${progress}${said.length === 0 ? '' : `: ${said.join('; ')}`}`;
}

const HEADLINES: Readonly<Record<TaskStatus, string>> = {
  complete: 'Complete',
  resolved_manually: 'Complete',
  cancelled: 'Cancelled',
  error: 'Ended in error',
  blocked_by_failures: 'Blocked',
  waiting_for_retry: 'Waiting for a retry',
  waiting_for_dependencies: 'Waiting',
  pending: 'Not begun',
  initializing: 'Under way',
  enqueuing_steps: 'Under way',
  evaluating_results: 'Under way',
  steps_in_process: 'Under way',
};

function failures(steps: readonly StepSummary[]): readonly string[] {
  return steps
    .filter(({ current_state }) => current_state === 'error')
    .map(
      ({ name, failure }) =>
        `${name} failed (${failure?.code ?? 'no code'}: ${failure?.message ?? 'no message'})`,
    );
}

function running(steps: readonly StepSummary[]): readonly string[] {
  const names = namesOf(steps.filter(({ current_state }) => current_state === 'in_progress'));
  return names === '' ? [] : [`${names} in progress`];
}

function waits(steps: readonly StepSummary[]): readonly string[] {
  const retries = steps
    .filter(({ waiting }) => waiting?.for === 'retry')
    .map(
      ({ name, failure, waiting }) =>
        `${name} is tried again at ${waiting?.until ?? 'once'} (${failure?.code ?? 'no code'}: ${failure?.message ?? 'no message'})`,
    );
  const ready = namesOf(steps.filter(({ waiting }) => waiting?.for === 'worker'));
  return [...retries, ...(ready === '' ? [] : [`${ready} ready for a worker`])];
}

function blocked(steps: readonly StepSummary[]): readonly string[] {
  const names = namesOf(steps.filter(({ waiting }) => (waiting?.blocked_by.length ?? 0) > 0));
  return names === '' ? [] : [`${names} cannot run before that is dealt with`];
}

function namesOf(steps: readonly StepSummary[]): string {
  const names = steps.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = steps.length - names.length;
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
