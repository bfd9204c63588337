import { Program } from '../support/program.js';
import type { Violation } from './checker/invariants.js';
import type { Defect } from './defects.js';
import { PromiseBrokenError } from './scenario.js';
import type { Figures, Scenario } from './scenario.js';
import { FaultServer } from './world/fault-server.js';
import { World } from './world/world.js';
import type { WorldGround, WorldOptions } from './world/world.js';

/** How one run of a scenario with one seed went. */
export interface RunReport {
  readonly scenario: number;
  readonly seed: number;
  readonly passed: boolean;
  /** Broken invariants; the scenario's own promise, where it is that which was broken; what else kept the run from its end. */
  readonly violations: readonly (
    Violation | { readonly invariant: 'promise' | 'error'; readonly what: string }
  )[];
  readonly figures: Figures;
}

/** A scenario with a seed, in a world that may have a defect. */
export interface Run {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly defect?: Defect;
}

export interface RunOptions {
  /** How many runs at a time. */
  readonly lanes: number;
  /** See `WorldOptions`. */
  readonly untimed: boolean;
}

/** With a defect tasks may never end, and that need not be waited for for as long. */
const PATIENCE_WITH_DEFECT_MS = 30_000;

/**
 * Makes the runs in their order, each in a world of its own; `lanes` of them at a time, each lane on a server of its own. Calls
 * back with each report as it comes.
 */
export async function runAll(
  runs: Iterable<Run>,
  { lanes, untimed }: RunOptions,
  onReport: (report: RunReport, run: Run) => void,
): Promise<void> {
  const compiled = await Program.compile();
  const queue = runs[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      const server = await FaultServer.start();
      try {
        for (let next = queue.next(); next.done !== true; next = queue.next())
          onReport(await runOne({ server, compiled }, next.value, untimed), next.value);
      } finally {
        await server.end();
      }
    }),
  );
}

async function runOne(
  ground: WorldGround,
  { scenario, seed, defect }: Run,
  untimed: boolean,
): Promise<RunReport> {
  const started = performance.now();
  const about = { scenario: scenario.number, seed };
  const options: WorldOptions = {
    untimed,
    ...(defect === undefined ? {} : { defect, patienceMs: PATIENCE_WITH_DEFECT_MS }),
  };
  const world = await World.open(ground, seed, options);
  try {
    const figures = await scenario.run(world);
    const { tasks, violations } = await world.verdict();
    return {
      ...about,
      passed: violations.length === 0,
      violations,
      figures: { tasks: tasks.length, ...figures, run_ms: Math.round(performance.now() - started) },
    };
  } catch (error) {
    const broken = error instanceof PromiseBrokenError;
    const what =
      error instanceof Error ? (broken ? error.message : (error.stack ?? error.message)) : String(error);
    const violations = await secondOpinion(world);
    return {
      ...about,
      passed: false,
      violations: [{ invariant: broken ? 'promise' : 'error', what }, ...violations],
      figures: { run_ms: Math.round(performance.now() - started) },
    };
  } finally {
    await world.close();
  }
}

/** What the checker finds beside a failure often says why; where even that can't be had, why not. */
async function secondOpinion(world: World): Promise<RunReport['violations']> {
  try {
    return (await world.judge()).violations;
  } catch (error) {
    return [{ invariant: 'error', what: `The checker failed: ${String(error)}` }];
  }
}
