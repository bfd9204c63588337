import type { Options } from './options.js';
import type { ServicePlan } from './scenarios/service.scenario.js';
import type { SubmitPlan } from './scenarios/submit.scenario.js';

/** How much of what a run does; null: not at all. */
export interface Size {
  readonly throughput: { readonly tasks: number; readonly rounds: number; readonly warmUp: number };
  readonly lone: { readonly tasks: number; readonly rounds: number; readonly warmUp: number };
  /** About how many steps of each of the other graphs a round has. */
  readonly graphs: { readonly steps: number; readonly rounds: number } | null;
  /** Retries at once. */
  readonly retries: readonly number[] | null;
  readonly paced: { readonly burst: number; readonly seconds: number } | null;
  /** Tasks whose flushes are counted. */
  readonly flushes: number | null;
  readonly idleSeconds: number;
  readonly submits: SubmitPlan | null;
  readonly service: ServicePlan | null;
}

export const SIZES: Readonly<Record<Options['size'], Size>> = {
  smoke: {
    throughput: { tasks: 200, rounds: 1, warmUp: 50 },
    lone: { tasks: 5, rounds: 1, warmUp: 1 },
    graphs: { steps: 100, rounds: 1 },
    retries: [5],
    paced: { burst: 50, seconds: 0.5 },
    flushes: null,
    idleSeconds: 0,
    submits: { tasks: 200, alone: 20, rounds: 1 },
    service: null,
  },
  quick: {
    throughput: { tasks: 5_000, rounds: 3, warmUp: 2_000 },
    lone: { tasks: 50, rounds: 3, warmUp: 20 },
    graphs: null,
    retries: null,
    paced: null,
    flushes: null,
    idleSeconds: 0,
    submits: null,
    service: null,
  },
  full: {
    throughput: { tasks: 10_000, rounds: 5, warmUp: 5_000 },
    lone: { tasks: 100, rounds: 5, warmUp: 50 },
    graphs: { steps: 12_000, rounds: 3 },
    retries: [10, 1_000],
    paced: { burst: 4_000, seconds: 10 },
    flushes: 50,
    idleSeconds: 20,
    submits: { tasks: 10_000, alone: 1_000, rounds: 3 },
    service: { rounds: 3, seconds: 5 },
  },
};
