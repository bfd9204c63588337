import { workflow } from '../support/workflows.js';

const RETRIES = { max_attempts: 4, backoff: 'linear', backoff_base_ms: 50 };
const twice = { handler: { callable: 'work' }, retry: RETRIES };

/** The templates that all scenarios choose from. Every step's handler writes history; see `fault-worker.process.ts`. */
export const WORKFLOWS = {
  lone: workflow('lone', { work: { retry: RETRIES } }),
  chain: workflow('chain', {
    first: twice,
    second: { ...twice, dependencies: ['first'] },
    third: { ...twice, dependencies: ['second'] },
    fourth: { ...twice, dependencies: ['third'] },
  }),
  diamond: workflow('diamond', {
    top: twice,
    left: { ...twice, dependencies: ['top'] },
    right: { ...twice, dependencies: ['top'] },
    join: { ...twice, dependencies: ['left', 'right'] },
  }),
  fan: workflow('fan', {
    source: twice,
    ...Object.fromEntries(
      Array.from({ length: 8 }, (_, n) => [`leaf_${n}`, { ...twice, dependencies: ['source'] }]),
    ),
    sink: { ...twice, dependencies: Array.from({ length: 8 }, (_, n) => `leaf_${n}`) },
  }),
  /** Its effect is made in the step's own transaction. */
  payment: workflow('payment', {
    pay: { retry: RETRIES },
    receipt: { ...twice, dependencies: ['pay'] },
  }),
  /** Fails twice, then succeeds. */
  flaky: workflow('flaky', { flaky: { retry: RETRIES }, after: { ...twice, dependencies: ['flaky'] } }),
  /** Waits until it is let go, and for no longer than its timeout. */
  holding: workflow('holding', { hold: { retry: RETRIES }, after: { ...twice, dependencies: ['hold'] } }),
  /** Takes longer than its lease. */
  slow: workflow('slow', { slow: { retry: RETRIES } }),
  /** Blocks the whole process for as long as its worker was told. */
  blocking: workflow('blocking', { block: { retry: RETRIES }, after: { ...twice, dependencies: ['block'] } }),
  /** Kills its process every time. */
  deadly: workflow('deadly', { die: { retry: RETRIES } }),
  /** Answers what the context's `answer` names, none of which can be kept. */
  unkeepable: workflow('unkeepable', { answer: { timeout_seconds: 1 } }),
} as const;

export type WorkflowName = keyof typeof WORKFLOWS;
