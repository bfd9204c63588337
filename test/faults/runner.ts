import type { Violation } from './checker/invariants.js';
import type { Figures, Scenario } from './scenario.js';
import { FaultServer } from './world/fault-server.js';
import { World } from './world/world.js';

/** How one run of a scenario with one seed went. */
export interface RunReport {
  readonly scenario: number;
  readonly seed: number;
  readonly passed: boolean;
  readonly violations: readonly Violation[];
  readonly figures: Figures;
  /** Why the run failed where it was not for a violation of an invariant. */
  readonly error: string | null;
}

/** Runs every scenario with every seed, each in a world of its own, one after the other on one server. */
export async function* runAll(
  scenarios: readonly Scenario[],
  seeds: (scenario: Scenario) => readonly number[],
): AsyncGenerator<RunReport> {
  const server = await FaultServer.start();
  try {
    for (const scenario of scenarios)
      for (const seed of seeds(scenario)) yield await runOne(server, scenario, seed);
  } finally {
    await server.end();
  }
}

async function runOne(server: FaultServer, scenario: Scenario, seed: number): Promise<RunReport> {
  const started = performance.now();
  const about = { scenario: scenario.number, seed };
  const world = await World.open(server, seed);
  try {
    const figures = await scenario.run(world);
    const { tasks, violations } = await world.verdict();
    return {
      ...about,
      passed: violations.length === 0,
      violations,
      figures: { tasks: tasks.length, ...figures, run_ms: Math.round(performance.now() - started) },
      error: null,
    };
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...about, passed: false, violations: [], figures: {}, error: reason };
  } finally {
    await world.close();
  }
}
