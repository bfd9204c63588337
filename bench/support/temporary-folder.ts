import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TemporaryFolders } from '../../src/testing/temporary-folders.js';

let remover: TemporaryFolders | undefined;

/** A new folder that is gone when this process is, however it ends. */
export async function temporaryFolder(purpose: string): Promise<string> {
  remover ??= TemporaryFolders.watch();
  const folder = await mkdtemp(join(tmpdir(), `tasker-bench-${purpose}-`));
  remover.add(folder);
  return folder;
}
