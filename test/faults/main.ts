/** The fault matrix from the command line: `npm run faults -- --help`. */
import { writeFile } from 'node:fs/promises';
import process from 'node:process';

import { readOptions, USAGE } from './options.js';
import type { Options } from './options.js';
import { runAll } from './runner.js';
import type { RunReport } from './runner.js';
import { SCENARIOS } from './scenarios/index.js';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function describe(report: RunReport): string {
  const scenario = SCENARIOS.find(({ number }) => number === report.scenario);
  const figures = Object.entries(report.figures).map(([name, value]) => `${name} ${value}`);
  const lines = [
    `${report.passed ? 'ok    ' : 'FAILED'} ${String(report.scenario).padStart(2)} seed ${report.seed}  ${scenario?.name}  (${figures.join(', ')})`,
    ...report.violations.slice(0, 10).map(({ invariant, what }) => `         ${invariant}: ${what}`),
    ...(report.error === null ? [] : [`         ${report.error}`]),
  ];
  return lines.join('\n');
}

async function main(options: Options): Promise<boolean> {
  const chosen = SCENARIOS.filter(
    ({ number }) => options.scenarios.length === 0 || options.scenarios.includes(number),
  );
  const unknown = options.scenarios.filter((number) => chosen.every((one) => one.number !== number));
  if (unknown.length > 0) throw new Error(`There is no scenario ${unknown.join(', ')}`);
  const reports: RunReport[] = [];
  const seeds = Array.from({ length: options.seeds ?? 1 }, (_, n) => options.seed + n);
  for await (const report of runAll(chosen, () => seeds)) {
    reports.push(report);
    say(describe(report));
  }
  if (options.json !== null) await writeFile(options.json, `${JSON.stringify(reports, null, 2)}\n`);
  const failed = reports.filter(({ passed }) => !passed);
  say(`${reports.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0;
}

const args = process.argv.slice(2);
if (args.includes('--help')) {
  say(USAGE);
} else {
  try {
    process.exitCode = (await main(readOptions(args))) ? 0 : 1;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
  }
}
