import { randomUUID } from 'node:crypto';

import { Client } from 'pg';

export interface TestDatabase {
  /** Connects to the database, as a superuser. */
  readonly url: string;
  /** Ends the connections that are left and removes the database. */
  drop(): Promise<void>;
}

/** Makes an empty database of its own on the server of this test run; `options` are those of CREATE DATABASE. */
export async function createTestDatabase(options = `ENCODING 'UTF8'`): Promise<TestDatabase> {
  const name = `tasker_test_${randomUUID().replaceAll('-', '')}`;
  // Nobody can be connected to template0, so several databases can be made from it at once.
  await onServer(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`);
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

function serverUrl(): string {
  const url = process.env.TASKER_TEST_SERVER_URL;
  if (url === undefined) {
    throw new Error(
      'TASKER_TEST_SERVER_URL is not set: jest has to run with test/support/global-setup.ts ("npm test")',
    );
  }
  return url;
}

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
