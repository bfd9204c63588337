import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { MAJOR_VARIABLE } from '../support/tested-postgres.js';
import { selectTests } from './test-selection.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How the tests went on one major. */
export interface MajorReport {
  readonly major: number;
  readonly passed: number;
  /** Tests that failed, and files that did not run. */
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
}

/** Runs the tests on a server of this major, which ends with the run. */
export async function runOn(major: number, part: 'whole' | 'telling', workers: number): Promise<MajorReport> {
  const files = await selectTests(part);
  const folder = await mkdtemp(join(tmpdir(), 'tasker-versions-'));
  const report = join(folder, 'report.json');
  const started = performance.now();
  try {
    const jest = spawn(
      process.execPath,
      [
        '--experimental-vm-modules',
        join(ROOT, 'node_modules/jest/bin/jest.js'),
        '--ci',
        `--maxWorkers=${workers}`,
        '--json',
        `--outputFile=${report}`,
        '--runTestsByPath',
        ...files,
      ],
      {
        cwd: ROOT,
        env: { ...environmentWithoutServer(), [MAJOR_VARIABLE]: String(major) },
        // The report is in its file; what jest says of the tests goes to the standard error.
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    await once(jest, 'close');
    return { major, ...(await countsIn(report)), seconds: Math.round((performance.now() - started) / 1000) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function environmentWithoutServer(): NodeJS.ProcessEnv {
  const { TEST_DATABASE_URL: _, ...rest } = process.env;
  return rest;
}

/** What jest's report counts; without a report the run itself has failed. */
async function countsIn(report: string): Promise<Pick<MajorReport, 'passed' | 'failed' | 'skipped'>> {
  let counts: unknown;
  try {
    counts = JSON.parse(await readFile(report, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const number = (name: string): number => {
    const value: unknown = typeof counts === 'object' && counts !== null ? Reflect.get(counts, name) : null;
    if (typeof value !== 'number') throw new Error(`jest's report has no number "${name}"`);
    return value;
  };
  return {
    passed: number('numPassedTests'),
    failed: number('numFailedTests') + number('numRuntimeErrorTestSuites'),
    skipped: number('numPendingTests') + number('numTodoTests'),
  };
}
