import { access, chmod, lstat, mkdir, readdir, stat } from 'node:fs/promises';
import { constants, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, join, parse } from 'node:path';

import { EmbeddedPostgresFolderRefusedError } from './embedded-postgres.errors.js';
import type { ServerUser } from './server-user.js';
import { systemErrorCode } from './system-error.js';

const READ = 4;
const PASS = 1;

/**
 * The first folder on the way to `path` that `user` may not pass; `undefined` when the way is free. Parts of the path
 * that don't exist yet, or that are files, don't block.
 */
export async function findBlockingFolder(path: string, user: ServerUser): Promise<string | undefined> {
  for (const folder of withAncestors(path)) {
    const stats = await statOrUndefined(folder);
    // A file in the way is nobody's to pass; whoever makes the folder says so.
    if (stats === undefined || !stats.isDirectory()) return undefined;
    if (!allows(stats, user, PASS)) return folder;
  }
  return undefined;
}

/** The first file or folder under `root` that `user` can't read (a strict umask at `npm ci`, for one). */
export async function findUnreadable(root: string, user: ServerUser): Promise<string | undefined> {
  const blocking = await findBlockingFolder(root, user);
  if (blocking !== undefined) return blocking;
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // A thousand files take milliseconds this way, and a turn of a busy process's event loop each the other way.
    const stats = statSync(path);
    const needed = stats.isDirectory() || parse(entry.parentPath).base === 'bin' ? READ | PASS : READ;
    if (!allows(stats, user, needed)) return path;
  }
  return undefined;
}

/**
 * Makes `folder` unless it exists, for this process's user alone to write.
 *
 * @throws EmbeddedPostgresFolderRefusedError where it can't be made or written, or belongs to somebody else
 */
export async function ownFolder(folder: string, mode: number): Promise<void> {
  try {
    for (const path of withAncestors(folder)) await makeFolder(path, mode);
  } catch (error) {
    throw new EmbeddedPostgresFolderRefusedError(folder, `it can't be made (${messageOf(error)})`, {
      cause: error,
    });
  }
  refuseForeign(folder, await stat(folder));
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new EmbeddedPostgresFolderRefusedError(folder, `it can't be written (${messageOf(error)})`, {
      cause: error,
    });
  }
}

/** One folder, whose parent exists. Not `recursive`: where that may not be done, as under /proc, it never comes back. */
async function makeFolder(path: string, mode: number): Promise<void> {
  const stats = await statOrUndefined(path);
  if (stats?.isDirectory() === true) return;
  if (stats !== undefined) throw new Error(`${path} is not a directory`);
  try {
    await mkdir(path, { mode });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (systemErrorCode(error) === 'EEXIST' && (await statOrUndefined(path))?.isDirectory() === true) return;
    throw error;
  }
  // What was made got its mode less the umask; a strict umask must not lock the server's user out.
  await chmod(path, mode);
}

/**
 * Like `ownFolder`, for a place where anybody may create files, such as `/tmp`: what is there already must be a real
 * folder, not a link that somebody planted, that nobody else can write.
 */
export async function ownFolderInPublic(folder: string): Promise<void> {
  await ownFolder(folder, 0o755);
  const stats = await lstat(folder);
  refuseForeign(folder, stats);
  if (!stats.isDirectory() || (stats.mode & 0o022) !== 0) {
    throw new EmbeddedPostgresFolderRefusedError(folder, 'it is a link, or other users can write to it');
  }
}

function refuseForeign(folder: string, stats: Stats): void {
  const uid = process.getuid?.();
  if (uid === undefined || stats.uid === uid) return;
  throw new EmbeddedPostgresFolderRefusedError(
    folder,
    `it belongs to the user with id ${stats.uid}, and this process runs as the user with id ${uid}`,
  );
}

function allows(stats: Stats, user: ServerUser, needed: number): boolean {
  const shift = stats.uid === user.uid ? 6 : stats.gid === user.gid ? 3 : 0;
  return ((stats.mode >> shift) & needed) === needed;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function withAncestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...withAncestors(parent), path];
}

async function statOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch {
    return undefined;
  }
}
