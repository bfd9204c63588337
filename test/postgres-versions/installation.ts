import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { packageFolderOf, VERSIONS_FOLDER } from '../support/tested-postgres.js';

/** There is no server of a major for this machine. */
export class ServerMissingError extends Error {
  readonly code = 'SERVER_MISSING';
}

/**
 * Installs the servers of these majors with `npm ci`, unless they are there in the versions of the lock.
 *
 * @param platform such as `linux-x64`
 * @throws ServerMissingError where npm can't install them, or has none for the platform
 */
export async function installServers(
  majors: readonly number[],
  say: (line: string) => void,
  platform: string = `${process.platform}-${process.arch}`,
): Promise<void> {
  const locked = await lockedVersions();
  for (const major of majors) {
    if (!locked.has(`postgres-${major}-${platform}`)) {
      const known = [...locked.keys()].filter((name) => name.startsWith(`postgres-${major}-`));
      throw new ServerMissingError(
        `there is no PostgreSQL ${major} for ${platform} in test/postgres-versions/package.json, which has ` +
          `${known.map((name) => name.replace(`postgres-${major}-`, '')).join(', ')}. Run this on one of these ` +
          `platforms, or name a server with TEST_DATABASE_URL and run "npm test"`,
      );
    }
  }
  if (await allAreThere(majors, platform, locked)) return;
  say('Installing the PostgreSQL servers in test/postgres-versions');
  try {
    // Their install script makes symbolic links only, which the embedded server makes where they are missing.
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: VERSIONS_FOLDER,
    });
  } catch (error) {
    throw new ServerMissingError(
      `"npm ci" in test/postgres-versions failed: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (!(await allAreThere(majors, platform, locked))) {
    throw new ServerMissingError(
      `"npm ci" in test/postgres-versions left out a server for ${platform}: npm skips optional packages that it can't ` +
        `download. Look at the registry's settings ("npm config get omit", "npm config get registry"), and run it there`,
    );
  }
}

async function allAreThere(
  majors: readonly number[],
  platform: string,
  locked: ReadonlyMap<string, string>,
): Promise<boolean> {
  const installed = await Promise.all(majors.map((major) => versionIn(packageFolderOf(major))));
  return majors.every((major, n) => installed[n] === locked.get(`postgres-${major}-${platform}`));
}

async function versionIn(folder: string): Promise<unknown> {
  try {
    const described: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    return memberOf(described, 'version');
  } catch {
    return null;
  }
}

/** The versions that the lock has, by the names that the packages are installed under. */
async function lockedVersions(): Promise<ReadonlyMap<string, string>> {
  const lock: unknown = JSON.parse(await readFile(join(VERSIONS_FOLDER, 'package-lock.json'), 'utf8'));
  const packages = memberOf(lock, 'packages');
  if (typeof packages !== 'object' || packages === null)
    throw new ServerMissingError('test/postgres-versions/package-lock.json has no "packages"');
  const versions = new Map<string, string>();
  for (const [place, entry] of Object.entries(packages)) {
    const version = memberOf(entry, 'version');
    if (typeof version === 'string') versions.set(place.replace('node_modules/', ''), version);
  }
  return versions;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
