import type { Defect } from './defects.js';
import { runAll } from './runner.js';
import type { Run, RunOptions, RunReport } from './runner.js';
import { SCENARIOS } from './scenarios/index.js';

/** Whether a defect was noticed. */
export interface Proof {
  readonly defect: string;
  readonly scenario: number;
  readonly seed: number;
  /** The scenario fails with the defect, because a promise or an invariant is broken or a task never ends. */
  readonly noticed: boolean;
  /** It passes with the same seed without the defect. */
  readonly passesWithout: boolean;
  /** The first thing that was noticed. */
  readonly what: string;
}

/** Runs the scenario of each of these defects with it and without it. */
export async function prove(
  defects: readonly Defect[],
  options: RunOptions,
  onProof: (proof: Proof) => void,
): Promise<readonly Proof[]> {
  const outcomes = new Map<string, { with?: RunReport; without?: RunReport }>();
  const proofs: Proof[] = [];
  const named = defects.map((defect) => ({ defect, scenario: scenarioOf(defect) }));
  const runs = named.flatMap(({ defect, scenario }): (Run & { readonly of: Defect })[] => [
    { of: defect, scenario, seed: defect.seed, defect },
    { of: defect, scenario, seed: defect.seed },
  ]);
  await runAll(runs, options, (report, run) => {
    const of = runs.find((one) => one === run)?.of;
    if (of === undefined) return;
    const outcome = outcomes.get(of.name) ?? {};
    outcomes.set(of.name, outcome);
    if (run.defect === undefined) outcome.without = report;
    else outcome.with = report;
    if (outcome.with === undefined || outcome.without === undefined) return;
    const proof = proofOf(of, outcome.with, outcome.without);
    proofs.push(proof);
    onProof(proof);
  });
  return proofs;
}

export function describeProof({ defect, scenario, seed, noticed, passesWithout, what }: Proof): string {
  const outcome = noticed && passesWithout ? 'ok    ' : 'FAILED';
  return [
    `${outcome} ${defect}: scenario ${scenario}, seed ${seed}, ${noticed ? 'fails with it' : 'PASSES WITH IT'} and ${passesWithout ? 'passes' : 'FAILS'} without`,
    `         ${what}`,
  ].join('\n');
}

function proofOf(defect: Defect, withIt: RunReport, without: RunReport): Proof {
  const [first] = withIt.violations;
  return {
    defect: defect.name,
    scenario: defect.scenario,
    seed: defect.seed,
    noticed: !withIt.passed,
    passesWithout: without.passed,
    what: first === undefined ? 'nothing was noticed' : `${first.invariant}: ${first.what.split('\n', 1)[0]}`,
  };
}

function scenarioOf(defect: Defect) {
  const scenario = SCENARIOS.find(({ number }) => number === defect.scenario);
  if (scenario === undefined) throw new Error(`There is no scenario ${defect.scenario}`);
  return scenario;
}
