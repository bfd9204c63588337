import { workflow } from '../support/workflows.js';

const RETRIES = { max_attempts: 4, backoff: 'linear', backoff_base_ms: 50 };
const work = { handler: { callable: 'work' }, retry: RETRIES };
const hold = { handler: { callable: 'hold' }, retry: RETRIES };

function fanOf(width: number, leaf: object) {
  const leaves = Array.from({ length: width }, (_, n) => `leaf_${n}`);
  return {
    source: work,
    ...Object.fromEntries(leaves.map((name) => [name, { ...leaf, dependencies: ['source'] }])),
    sink: { ...work, dependencies: leaves },
  };
}

/** The templates that all scenarios choose from. Every step's handler writes history; see `lab-handlers.ts`. */
export const WORKFLOWS = {
  lone: workflow('lone', { work: { retry: RETRIES } }),
  chain: workflow('chain', {
    first: work,
    second: { ...work, dependencies: ['first'] },
    third: { ...work, dependencies: ['second'] },
    fourth: { ...work, dependencies: ['third'] },
  }),
  diamond: workflow('diamond', {
    top: work,
    left: { ...work, dependencies: ['top'] },
    right: { ...work, dependencies: ['top'] },
    join: { ...work, dependencies: ['left', 'right'] },
  }),
  /** A diamond without a top: both parents are there at once, for any two workers. */
  twins: workflow('twins', { left: work, right: work, join: { ...work, dependencies: ['left', 'right'] } }),
  fan: workflow('fan', fanOf(8, work)),
  /** Their leaves wait until they are let go. */
  fan_250: workflow('fan_250', fanOf(250, hold)),
  fan_1000: workflow('fan_1000', fanOf(1_000, hold)),
  /** Its effect is made in the step's own transaction. */
  payment: workflow('payment', { pay: { retry: RETRIES }, receipt: { ...work, dependencies: ['pay'] } }),
  /** Fails twice, then succeeds. */
  flaky: workflow('flaky', { flaky: { retry: RETRIES }, after: { ...work, dependencies: ['flaky'] } }),
  /** As flaky, with a second between its attempts. */
  patient: workflow('patient', {
    flaky: { retry: { max_attempts: 4, backoff: 'linear', backoff_base_ms: 1_000 } },
  }),
  /** Waits until it is let go, and for no longer than its timeout. */
  holding: workflow('holding', { hold: { retry: RETRIES }, after: { ...work, dependencies: ['hold'] } }),
  /** As holding, and its only step. */
  held: workflow('held', { hold: { retry: RETRIES } }),
  /** Takes longer than its lease. */
  slow: workflow('slow', { slow: { retry: RETRIES } }),
  /** Blocks the whole process for as long as its worker was told. */
  blocking: workflow('blocking', { block: { retry: RETRIES }, after: { ...work, dependencies: ['block'] } }),
  /** Kills its process every time. */
  deadly: workflow('deadly', { die: { retry: RETRIES } }),
  /** Answers what the context's `answer` names, none of which can be kept. */
  unkeepable: workflow('unkeepable', { answer: { timeout_seconds: 1 } }),
  /** The same request is the same task. */
  keyed: workflow('keyed', { work: { retry: RETRIES } }, { identity_strategy: 'caller_provided' }),
} as const;

export type WorkflowName = keyof typeof WORKFLOWS;
