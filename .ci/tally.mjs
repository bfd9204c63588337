/**
 * Adds up what the parts of a run report, and prints `N passed, N failed`: node tally.mjs <folder of reports> <status>.
 *
 * A report is jest's own, a list of test:versions (passed, failed, skipped), or a list of faults (passed: true or false).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/** The tests that may be skipped, by what their name says: the manifests are checked without kubectl, too. */
const MAY_BE_SKIPPED = '[skipped: kubectl is not installed]';

const [folder, status] = process.argv.slice(2);
let passed = 0;
let failed = 0;

for (const name of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  for (const one of Array.isArray(report) ? report : [report]) add(one);
}
// A part that ended without a failed test of its own, such as the lint, counts as one failure.
if (Number(status) !== 0 && failed === 0) failed = 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function add(report) {
  if (typeof report.passed === 'boolean') {
    if (report.passed) passed += 1;
    else failed += 1;
  } else if (typeof report.passed === 'number') {
    passed += report.passed;
    failed += report.failed + report.skipped;
  } else {
    passed += report.numPassedTests;
    failed += report.numFailedTests + report.numRuntimeErrorTestSuites + skippedIn(report).length;
  }
}

/** A skipped test has not shown that it passes. */
function skippedIn({ testResults }) {
  const skipped = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(
      ({ status: how, fullName }) =>
        (how === 'pending' || how === 'todo') && !fullName.includes(MAY_BE_SKIPPED),
    )
    .map(({ fullName }) => fullName);
  for (const fullName of skipped) process.stdout.write(`skipped, which counts as failed: ${fullName}\n`);
  return skipped;
}
