import type { JsonValue } from '../../src/index.js';

export const WORKLOADS = ['linear', 'diamond', 'tree', 'mixed', 'fan', 'chain', 'retry', 'large'] as const;

export type WorkloadName = (typeof WORKLOADS)[number];

export const OPERATIONS = [
  'square',
  'plus_ten',
  'times_three',
  'half',
  'sum',
  'flaky',
  'text',
  'length',
] as const;

/** What a step computes: next to nothing, so that the engine is what is measured. */
export type Operation = (typeof OPERATIONS)[number];

export interface WorkloadStep {
  readonly name: string;
  readonly operation: Operation;
  readonly dependencies: readonly string[];
}

/** A graph of steps, in topological order. */
export interface Workload {
  readonly name: WorkloadName;
  readonly steps: readonly WorkloadStep[];
  /** What the last step of every task comes to, for the number that all tasks are given. */
  readonly result: number;
  /** How many of a task's attempts fail, on purpose. */
  readonly failures: number;
}

/** What a step is given of its task. */
export interface StepInput {
  readonly number: number;
  readonly results: Readonly<Record<string, JsonValue | undefined>>;
}
