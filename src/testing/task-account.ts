import type { StepState, Task, TaskStep } from '../engine/index.js';

/**
 * A task in words: its status, and a line a step that says what became of it, or what it waits for. For the message of a
 * test that fails.
 */
export function accountOfTask(task: Task): string {
  const states = new Map(task.steps.map((step) => [step.name, step.state]));
  const width = Math.max(...task.steps.map((step) => step.name.length));
  const lines = task.steps.map(
    (step) => `  ${step.name.padEnd(width)}  ${step.state}: ${ACCOUNTS[step.state](step, states)}`,
  );
  return [
    `Task ${task.taskUuid} (${task.namespace}/${task.name}/${task.version}) is ${task.status}`,
    ...lines,
  ].join('\n');
}

type States = ReadonlyMap<string, StepState>;

const ACCOUNTS: Readonly<Record<StepState, (step: TaskStep, states: States) => string>> = {
  pending: (step, states) => `waits for ${openParents(step, states).join(', ')}`,
  enqueued: (step) =>
    `ready, and no worker has taken it (does a running one serve its namespace?)${failureOf(step)}${lossesOf(step)}`,
  in_progress: (step) =>
    `${attemptOf(step)} runs since ${timeOf(step.lastAttemptedAt)}${failureOf(step)}${lossesOf(step)}`,
  waiting_for_retry: (step) =>
    `${attemptOf(step)} failed, the next is due ${timeOf(step.nextRetryAt)}${failureOf(step)}`,
  complete: (step) => JSON.stringify(step.results?.result ?? null),
  error: (step) => `${attemptOf(step)} was the last${failureOf(step)}${lossesOf(step)}`,
  cancelled: (step) => `will not run${failureOf(step)}`,
  resolved_manually: () => 'by hand, without a result',
};

function attemptOf({ attempts, maxAttempts }: TaskStep): string {
  return `attempt ${attempts} of ${maxAttempts}`;
}

function openParents(step: TaskStep, states: States): readonly string[] {
  return step.dependencies.flatMap((name) => {
    const state = states.get(name);
    return state === 'complete' || state === 'resolved_manually' ? [] : [`${name} (${state})`];
  });
}

function failureOf({ results }: TaskStep): string {
  return results === null || results.error === null
    ? ''
    : `; ${results.metadata.error_code}: ${results.error.message}`;
}

function lossesOf({ lostCount }: TaskStep): string {
  return lostCount === 0 ? '' : `; lost with its worker ${lostCount} time(s)`;
}

function timeOf(date: Date | null): string {
  return date?.toISOString() ?? 'an unknown time';
}
