import { open } from 'node:fs/promises';

import { FileAccessError, UsageError } from '../src/cli/command-line.errors.js';
import type { Measurement } from './measures/index.js';

/** Where the figures of a run go with `--json`. */
export interface ResultsFile {
  /** Replaces what is in it. */
  write(measurements: readonly Measurement[]): Promise<void>;
}

/**
 * Opens the file before the run, which takes minutes; one that is given up leaves it as it was. Null: nowhere.
 *
 * @throws UsageError where it can't be written
 */
export async function openResults(path: string | null): Promise<ResultsFile> {
  if (path === null) return { write: () => Promise.resolve() };
  try {
    await (await open(path, 'a')).close();
  } catch (error) {
    throw new UsageError(`--json: ${new FileAccessError('write', path, error).message}`);
  }
  return {
    write: async (measurements) => {
      const file = await open(path, 'w');
      await file.writeFile(`${JSON.stringify(measurements, null, 2)}\n`);
      await file.close();
    },
  };
}
