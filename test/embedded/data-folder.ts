import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** A new folder that any user can pass, as a checkout usually is. */
export async function dataFolder(): Promise<string> {
  const folder = await privateFolder();
  await chmod(folder, 0o755);
  return folder;
}

/** A new folder that only its owner can pass, as `mktemp -d` makes it. */
export async function privateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tasker-embedded-'));
  made.push(folder);
  return folder;
}

/** For `afterEach`. */
export async function removeFolders(): Promise<void> {
  await Promise.all(
    made.splice(0).map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 })),
  );
}
