/** The fault matrix from the command line: `npm run faults -- --help`. */
import { writeFile } from 'node:fs/promises';
import process from 'node:process';

import { UsageError } from '../../src/cli/command-line.errors.js';
import { Program } from '../support/program.js';
import { DEFECTS } from './defects.js';
import { readOptions, USAGE } from './options.js';
import type { Options } from './options.js';
import { describeProof, prove } from './proof.js';
import { describeRun, table } from './report.js';
import { runAll } from './runner.js';
import type { Run, RunReport } from './runner.js';
import { seedsToPass } from './scenario.js';
import type { Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios/index.js';
import { leftOutByNpmTest } from './selection.js';
import { soak } from './soak/soak.js';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function chosen({ scenarios, rest }: Options): readonly Scenario[] {
  return SCENARIOS.filter(({ number }) => scenarios.length === 0 || scenarios.includes(number)).filter(
    (scenario) => !rest || leftOutByNpmTest(scenario),
  );
}

/** Scenario by scenario with all its seeds; with a time limit all of them with one seed after the other, until it is over. */
function* runsOf(scenarios: readonly Scenario[], { seed, seeds, minutes }: Options): Generator<Run> {
  if (minutes === null) {
    for (const scenario of scenarios)
      for (let n = 0; n < (seeds ?? seedsToPass(scenario)); n += 1) yield { scenario, seed: seed + n };
    return;
  }
  const deadline = performance.now() + minutes * 60_000;
  for (let n = 0; ; n += 1) {
    for (const scenario of scenarios) {
      if (performance.now() > deadline) return;
      yield { scenario, seed: seed + n };
    }
  }
}

async function runScenarios(options: Options): Promise<boolean> {
  const scenarios = chosen(options);
  const reports: RunReport[] = [];
  const started = performance.now();
  const report = (one: RunReport, { scenario }: Run): void => {
    reports.push(one);
    say(describeRun(scenario, one));
  };
  await runAll(
    runsOf(
      scenarios.filter(({ alone }) => alone !== true),
      options,
    ),
    options,
    report,
  );
  const alone = scenarios.filter((scenario) => scenario.alone === true);
  if (alone.length > 0 && options.minutes === null)
    await runAll(runsOf(alone, options), { ...options, lanes: 1 }, report);
  if (options.json !== null) await writeFile(options.json, `${JSON.stringify(reports, null, 2)}\n`);
  const failed = reports.filter(({ passed }) => !passed);
  say(`\n${table(scenarios, reports)}\n`);
  say(
    `${reports.length - failed.length} passed, ${failed.length} failed, in ${Math.round((performance.now() - started) / 1000)} s`,
  );
  return failed.length === 0;
}

async function runProof(options: Options): Promise<boolean> {
  const { scenarios } = options;
  const defects = DEFECTS.filter(({ scenario }) => scenarios.length === 0 || scenarios.includes(scenario));
  const proofs = await prove(defects, options, (proof) => say(describeProof(proof)));
  const proven = proofs.filter(({ noticed, passesWithout }) => noticed && passesWithout).length;
  say(`${proven} of ${defects.length} defects are noticed`);
  return proven === defects.length;
}

async function main(options: Options): Promise<boolean> {
  if (options.what === 'proof') return runProof(options);
  if (options.what === 'soak') return soak({ minutes: options.minutes ?? 30, seed: options.seed, say });
  if (options.what === 'scenarios') return runScenarios(options);
  say(USAGE);
  return true;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void Program.killAll().then(() => process.exit(130)));
try {
  const numbers = SCENARIOS.map(({ number }) => number);
  process.exitCode = (await main(readOptions(process.argv.slice(2), numbers))) ? 0 : 1;
} catch (error) {
  if (error instanceof UsageError) process.stderr.write(`faults: ${error.message}\n`);
  else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 2;
}
