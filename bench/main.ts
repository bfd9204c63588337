/** The benchmarks from the command line: `npm run bench -- --help`. */
import process from 'node:process';

import { runBench } from './bench.runner.js';
import { tellFailure } from './failure.teller.js';
import { readOptions, USAGE } from './options.js';
import { openResults } from './results.file.js';
import { runScale } from './scale/scale.runner.js';
import { tableOf } from './report/text.table.js';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const args = process.argv.slice(2);
if (args.includes('--help')) {
  say(USAGE);
} else {
  try {
    const options = readOptions(args);
    const results = await openResults(options.json);
    const run = options.scale ? runScale : runBench;
    const measurements = await run(options, (what) => process.stderr.write(`${what}\n`));
    say(tableOf(measurements));
    await results.write(measurements);
  } catch (error) {
    process.exitCode = tellFailure(error);
  }
}
