import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { maskDatabaseUrl } from '../config/index.js';
import { testServerUrl } from './test-server.js';

/**
 * A PostgreSQL database for one test, or for one file of tests: real, empty, and apart from every other.
 *
 *     const database = await TestDatabase.create();
 *     try { … database.url … } finally { await database.drop(); }
 */
export class TestDatabase {
  private dropping: Promise<void> | undefined;

  private constructor(
    /** Connects to the database. */
    readonly url: string,
    private readonly serverUrl: string,
    private readonly name: string,
  ) {}

  /**
   * Makes a database on the server that `TASKER_TEST_DATABASE_URL` names, whose user must be allowed to; without that
   * variable on a PostgreSQL that this process starts for itself (about a second, once) and that is gone with the process.
   *
   * @throws TestDatabaseError where the named server does not make one
   */
  static async create(): Promise<TestDatabase> {
    const serverUrl = await testServerUrl();
    const name = `tasker_test_${randomUUID().replaceAll('-', '')}`;
    try {
      // Nobody can be connected to template0, so several databases can be made from it at once.
      await execute(serverUrl, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
    } catch (error) {
      throw new TestDatabaseError(serverUrl, error);
    }
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return new TestDatabase(url.href, serverUrl, name);
  }

  /**
   * The URL of the server that databases are made on; starts it, where this process is to run it. In a test runner's global
   * set-up it saves each of the runner's processes a server of its own:
   *
   *     process.env.TASKER_TEST_DATABASE_URL = await TestDatabase.serverUrl();
   */
  static serverUrl(): Promise<string> {
    return testServerUrl();
  }

  /** Ends the connections that are left and removes the database. Safe to call twice. */
  drop(): Promise<void> {
    this.dropping ??= execute(this.serverUrl, `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
    return this.dropping;
  }
}

/** No database for a test could be made. */
export class TestDatabaseError extends Error {
  readonly code = 'TEST_DATABASE';

  constructor(serverUrl: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message || String(cause) : String(cause);
    super(
      `No database for tests could be made on ${maskDatabaseUrl(serverUrl)}: ${reason}. TASKER_TEST_DATABASE_URL is ` +
        `expected to name a running PostgreSQL 15 or newer and a user who may create databases; without it the tests ` +
        `start a server of their own`,
      { cause },
    );
    this.name = TestDatabaseError.name;
  }
}

async function execute(serverUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  // A connection that breaks is reported by the call under way; without a listener it would also end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end();
  }
}
