import { open, writeFile } from 'node:fs/promises';

import { FileAccessError, UsageError } from '../src/cli/command-line.errors.js';
import type { Measurement } from './measures/index.js';

/**
 * Before a run, which takes minutes. What is in the file stays as it is.
 *
 * @param path where `--json` puts the figures; null: nowhere
 * @throws UsageError where it can't be written
 */
export async function assertWritable(path: string | null): Promise<void> {
  if (path === null) return;
  try {
    await (await open(path, 'a')).close();
  } catch (error) {
    throw new UsageError(`--json: ${new FileAccessError('write', path, error).message}`);
  }
}

/** Replaces what is in the file. */
export async function writeResults(path: string | null, measurements: readonly Measurement[]): Promise<void> {
  if (path !== null) await writeFile(path, `${JSON.stringify(measurements, null, 2)}\n`);
}
