import type { LedgerEntry, StepFacts, TaskFacts } from './facts.js';

/** A promise that was broken: which, for what, and what was seen. */
export interface Violation {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8';
  readonly what: string;
}

const STATE = {
  ready: 1,
  running: 2,
  retrying: 3,
  complete: 4,
  error: 5,
  resolved: 7,
  readyAlone: 8,
} as const;
const KIND = { lost: 4, released: 5, reset: 6, completedByHand: 8 } as const;
const TASK_ACTIVE = 0;

/** Holds the facts against what must hold whatever happened; empty: nothing was broken. */
export function findViolations(
  tasks: readonly TaskFacts[],
  acknowledged: readonly string[],
): readonly Violation[] {
  return [
    ...unendedTasks(tasks, acknowledged),
    ...tasks.flatMap((task) => task.steps.flatMap((step) => stepViolations(step, task))),
  ];
}

/** I1: every submitted task reaches a terminal or blocked state. */
function unendedTasks(tasks: readonly TaskFacts[], acknowledged: readonly string[]): readonly Violation[] {
  const known = new Map(tasks.map((task) => [task.taskUuid, task]));
  return acknowledged.flatMap((taskUuid): Violation[] => {
    const task = known.get(taskUuid);
    if (task === undefined)
      return [{ invariant: 'I1', what: `task ${taskUuid} was acknowledged, and is gone` }];
    return task.status === TASK_ACTIVE ? [{ invariant: 'I1', what: `task ${taskUuid} never ended` }] : [];
  });
}

function stepViolations(step: StepFacts, task: TaskFacts): readonly Violation[] {
  const name = `step ${step.name} of task ${step.taskUuid}`;
  const found: Violation[] = [];
  const broken = (invariant: Violation['invariant'], what: string) =>
    found.push({ invariant, what: `${name} ${what}` });

  const resets = count(step, KIND.reset);
  const completions = step.ledger.filter(
    (entry) => entry.new_state === STATE.complete && entry.old_state !== STATE.complete,
  );
  const grants = step.ledger.filter(isGrant);
  const granted = new Set(grants.map(({ new_token }) => new_token));
  const starts = step.history.filter(({ event }) => event === 'start');

  // I2: a step starts only after all its dependencies are complete or resolved.
  for (const start of starts)
    if (!granted.has(start.token)) broken('I2', `started under token ${start.token}, which was never given`);
  for (const grant of grants) {
    for (const index of step.dependencies) {
      const parent = task.steps[index];
      const met = parent?.ledger.some(
        (entry) =>
          (entry.new_state === STATE.complete || entry.new_state === STATE.resolved) && entry.at <= grant.at,
      );
      if (met !== true) broken('I2', `was given out before its dependency ${parent?.name} had ended`);
    }
  }

  // I3: one recorded result a step.
  if (completions.length > 1 + resets) broken('I3', `was completed ${completions.length} times`);
  const recorded = step.events.filter(({ kind }) => kind === 1 || kind === KIND.completedByHand).length;
  if (recorded !== completions.length)
    broken('I3', `has ${recorded} recorded results for ${completions.length} completions`);
  if (step.ledger.some((entry) => entry.old_state === STATE.complete && entry.new_state !== STATE.complete))
    broken('I3', 'left the state complete');

  // I4: the recorded result is the one returned by the attempt that held the lease when it was recorded.
  for (const { old_token, result } of completions) {
    const nonce = result?.nonce;
    if (nonce === undefined) continue;
    const author = step.history.find((line) => line.nonce === nonce && line.event === 'end');
    if (author?.token !== old_token)
      broken('I4', `recorded the answer of token ${author?.token}, while ${old_token} held it`);
  }

  // I5: starts ≤ max_attempts × (1 + resets) + lost + handed back.
  const allowed = step.maxAttempts * (1 + resets) + count(step, KIND.lost) + count(step, KIND.released);
  if (starts.length > allowed)
    broken('I5', `was started ${starts.length} times, at most ${allowed} are allowed`);

  // I6: writes made through the step's transaction exist once per completed step.
  if (step.name === 'pay') {
    const expected = step.state === STATE.complete ? 1 : 0;
    if (step.effects.length !== expected)
      broken('I6', `has ${step.effects.length} effects instead of ${expected}`);
  }

  // I7: never two live leases on one step.
  for (const entry of step.ledger) {
    if (entry.old_lease === null || entry.old_lease <= entry.at || entry.old_state !== STATE.running)
      continue;
    if (entry.new_token !== entry.old_token && entry.new_token !== null)
      broken('I7', `was given to ${entry.new_token} while the lease of ${entry.old_token} was alive`);
    if (isLoss(step, entry)) broken('I7', `was taken from ${entry.old_token} while its lease was alive`);
  }
  return found;
}

/** A claim: a running step under a token that it did not have before. */
function isGrant({ old_token, new_state, new_token, old_state }: LedgerEntry): boolean {
  return new_state === STATE.running && (old_state !== STATE.running || new_token !== old_token);
}

/** Whether the change was made by whoever took the step back as lost. */
function isLoss(step: StepFacts, entry: LedgerEntry): boolean {
  return step.events.some(({ kind, transaction }) => kind === KIND.lost && transaction === entry.transaction);
}

function count(step: StepFacts, kind: number): number {
  return step.events.filter((event) => event.kind === kind).length;
}
