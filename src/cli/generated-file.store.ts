import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileAccessError, systemErrorCode } from './command-line.errors.js';
import type { GeneratedFile } from './generated-files.plan.js';
import { GENERATED_MARK } from './types/template-types.generator.js';

/** How a file on disk stands to the one that would be written there. */
export type FileState = 'current' | 'missing' | 'outdated' | 'handwritten';

/** @throws FileAccessError if there is something that can't be read */
export async function stateOf({ path, text }: GeneratedFile): Promise<FileState> {
  const found = await readIfThere(path);
  if (found === null) return 'missing';
  // A checkout on Windows may have changed the line ends.
  if (found.replaceAll('\r\n', '\n') === text) return 'current';
  return found.startsWith(GENERATED_MARK) ? 'outdated' : 'handwritten';
}

/** @throws FileAccessError */
export async function writeGeneratedFile({ path, text }: GeneratedFile): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (error) {
    throw new FileAccessError('write', path, error);
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw new FileAccessError('read', path, error);
  }
}
