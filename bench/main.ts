/** The benchmarks from the command line: `npm run bench -- --help`. */
import process from 'node:process';

import { runBench } from './bench.runner.js';
import { tellFailure } from './failure.teller.js';
import { readOptions, USAGE } from './options.js';
import { assertWritable, writeResults } from './results.file.js';
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
    await assertWritable(options.json);
    const run = options.scale ? runScale : runBench;
    const measurements = await run(options, (what) => process.stderr.write(`${what}\n`));
    say(tableOf(measurements));
    await writeResults(options.json, measurements);
  } catch (error) {
    process.exitCode = tellFailure(error);
  }
}
