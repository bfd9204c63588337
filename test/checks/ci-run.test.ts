import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const FOLDER = fileURLToPath(new URL('../../.ci', import.meta.url));

function run(
  command: string,
  ...args: readonly string[]
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(command, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

/** A report of jest's with these tests in it. */
const tests = (...assertionResults: readonly object[]): object => ({
  numPassedTests: 3,
  numFailedTests: 1,
  numRuntimeErrorTestSuites: 2,
  testResults: [{ assertionResults }],
});

describe('.ci/run', () => {
  it('refuses a flag that it does not know, and says which there are', async () => {
    expect(await run(join(FOLDER, 'run'), '--fast')).toEqual({
      code: 2,
      stdout: '',
      stderr: '.ci/run: unknown flag "--fast"; the flags are --full\n',
    });
  });
});

describe('The last line of .ci/run', () => {
  let reports: string;

  beforeEach(async () => {
    reports = await mkdtemp(join(tmpdir(), 'tasker-tally-'));
  });

  afterEach(() => rm(reports, { recursive: true }));

  async function tally(status: string, contents: Readonly<Record<string, unknown>>): ReturnType<typeof run> {
    for (const [name, content] of Object.entries(contents))
      await writeFile(join(reports, `${name}.json`), JSON.stringify(content));
    return run(process.execPath, join(FOLDER, 'tally.mjs'), reports, status);
  }

  it('adds up the tests, the majors of PostgreSQL and the faults', async () => {
    const answer = await tally('1', {
      tests: tests(),
      versions: [
        { major: 15, passed: 10, failed: 0, skipped: 0 },
        { major: 16, passed: 4, failed: 1, skipped: 2 },
      ],
      faults: [{ passed: true }, { passed: false }, { passed: true }],
    });
    expect(answer).toMatchObject({ code: 1, stdout: '19 passed, 7 failed\n' });
  });

  it('counts a skipped test as failed and names it, unless it says that kubectl is missing', async () => {
    const answer = await tally('0', {
      tests: tests(
        { status: 'passed', fullName: 'one' },
        { status: 'pending', fullName: 'another' },
        { status: 'pending', fullName: 'a third [skipped: kubectl is not installed] of them' },
      ),
    });
    expect(answer).toMatchObject({
      code: 1,
      stdout: 'skipped, which counts as failed: another\n3 passed, 4 failed\n',
    });
  });

  it('counts a part that failed without a test of its own, and a run in which nothing passed', async () => {
    expect(await tally('2', {})).toMatchObject({ code: 1, stdout: '0 passed, 1 failed\n' });
    expect(await tally('0', { faults: [{ passed: true }] })).toMatchObject({ code: 0 });
  });
});
