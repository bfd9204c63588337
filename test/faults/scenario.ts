import type { World } from './world/world.js';

/** What a run measured, by name, with the unit in the name: `recovery_ms`, `lost`, `refused`. */
export type Figures = Readonly<Record<string, number>>;

/** One row of the fault matrix. */
export interface Scenario {
  readonly number: number;
  /** The fault. */
  readonly name: string;
  readonly promise: string;
  /** Measures speed: nothing else may run beside it. */
  readonly alone?: true;
  /**
   * Causes the fault in a fresh world and asserts what it promises beyond the invariants, which are checked after it. Choices
   * come from `world.random`, so that the seed repeats them. Rejects where the promise is broken.
   */
  run(world: World): Promise<Figures>;
}

const MANY_SEEDS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 18, 21, 22, 26]);

/** With how many seeds a scenario has to hold before it counts as passed. */
export function seedsToPass(scenario: Scenario): number {
  return MANY_SEEDS.has(scenario.number) ? 20 : 3;
}

/** What a scenario promises did not hold. */
export class PromiseBrokenError extends Error {}

/** Fails the run unless this holds. */
export function promise(holds: boolean, what: string): asserts holds {
  if (!holds) throw new PromiseBrokenError(what);
}
