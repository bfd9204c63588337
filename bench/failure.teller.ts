import process from 'node:process';

import { UsageError } from '../src/cli/command-line.errors.js';

/** Says on standard error why there are no figures; answers with the exit code. */
export function tellFailure(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`bench: ${error.message}\n`);
    return 2;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
