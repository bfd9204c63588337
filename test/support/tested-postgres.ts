import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { Client } from 'pg';

import type { EmbeddedPostgresOptions } from '../../src/database/embedded/embedded-postgres.options.js';

/** Names the major of PostgreSQL that the tests' servers are to be; without it they are the embedded one. */
export const MAJOR_VARIABLE = 'TEST_POSTGRES_VERSION';

/** The folder whose lock holds the servers of the older majors; see test/postgres-versions/main.ts. */
export const VERSIONS_FOLDER = fileURLToPath(new URL('../postgres-versions', import.meta.url));

/** The major that the package's own embedded server has. */
export const EMBEDDED_MAJOR = 18;

/** Where the programs of this major are once test/postgres-versions is installed. */
export function packageFolderOf(major: number): string {
  return join(VERSIONS_FOLDER, 'node_modules', `postgres-${major}-${process.platform}-${process.arch}`);
}

/** Options for a server of the major that `TEST_POSTGRES_VERSION` names. */
export function testedPostgres(
  named: string | undefined = process.env[MAJOR_VARIABLE],
): Pick<EmbeddedPostgresOptions, 'binaryPackage'> {
  if (named === undefined || named === '' || Number(named) === EMBEDDED_MAJOR) return {};
  return { binaryPackage: pathToFileURL(join(packageFolderOf(Number(named)), 'dist/index.js')).href };
}

/** Fails, and says what to do, unless the major that `TEST_POSTGRES_VERSION` names is installed. */
export function assertInstalled(named: string | undefined = process.env[MAJOR_VARIABLE]): void {
  if (testedPostgres(named).binaryPackage === undefined || existsSync(packageFolderOf(Number(named)))) return;
  throw new Error(
    `${MAJOR_VARIABLE} = "${named}": expected ${EMBEDDED_MAJOR}, or a major that is installed in test/postgres-versions. ` +
      `"npm run test:versions" installs 15, 16 and 17, and says for which platforms there are servers`,
  );
}

/** Fails unless the server at this URL is of the major that `TEST_POSTGRES_VERSION` names, if it names one. */
export async function assertTestedMajor(
  url: string,
  named: string | undefined = process.env[MAJOR_VARIABLE],
): Promise<void> {
  if (named === undefined || named === '') return;
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    const version = rows[0]?.server_version ?? '';
    if (version.split('.')[0] !== named)
      throw new Error(
        `${MAJOR_VARIABLE} = "${named}", and the server for the tests is PostgreSQL ${version}`,
      );
  } finally {
    await client.end();
  }
}
