/** The database suite on the older majors of PostgreSQL: `npm run test:versions -- --help`. */
import { writeFile } from 'node:fs/promises';
import process from 'node:process';

import { UsageError } from '../../src/cli/command-line.errors.js';
import { installServers, ServerMissingError } from './installation.js';
import { runOn } from './major.run.js';
import type { MajorReport } from './major.run.js';
import { OLDER_MAJORS, readOptions, USAGE } from './options.js';
import type { Options } from './options.js';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main({ help, majors, whole, workers, json }: Options): Promise<boolean> {
  if (help) {
    say(USAGE);
    return true;
  }
  await installServers(majors, say);
  const reports: MajorReport[] = [];
  for (const major of majors) {
    const part = whole || major === OLDER_MAJORS[0] ? 'whole' : 'telling';
    const report = await runOn(major, part, workers);
    reports.push(report);
    const { passed, failed, skipped, seconds } = report;
    say(
      `PostgreSQL ${major}, ${part === 'whole' ? 'all tests that use a database' : 'a telling part'}: ` +
        `${passed} passed, ${failed} failed, ${skipped} skipped, in ${seconds} s`,
    );
  }
  if (json !== null) await writeFile(json, `${JSON.stringify(reports, null, 2)}\n`);
  // A test that was skipped has not shown that it passes.
  return reports.every(({ passed, failed, skipped }) => passed > 0 && failed === 0 && skipped === 0);
}

try {
  process.exitCode = (await main(readOptions(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof ServerMissingError)) throw error;
  process.stderr.write(`test:versions: ${error.message}\n`);
  process.exitCode = 2;
}
