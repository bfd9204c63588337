import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Client } from 'pg';

/** The server's settings for counting the statements that clients send. */
export const COUNTING_CALLS: Readonly<Record<string, string>> = {
  shared_preload_libraries: 'pg_stat_statements',
};

/** The server's settings for counting statements, those within functions included. It costs some CPU. */
export const COUNTING: Readonly<Record<string, string>> = {
  ...COUNTING_CALLS,
  'pg_stat_statements.track': 'all',
};

const STATEMENTS = `SELECT d.datname AS database, s.toplevel, s.calls, s.rows, round(s.total_exec_time) AS total_ms,
    round(s.mean_exec_time::numeric, 3) AS mean_ms, s.shared_blks_hit, s.shared_blks_read, s.shared_blks_dirtied,
    s.wal_records, s.wal_fpi, s.wal_bytes, s.query
  FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
  WHERE d.datname LIKE 'bench%'
  ORDER BY s.total_exec_time DESC LIMIT 100`;

export async function countStatements(observer: Client): Promise<void> {
  await observer.query('CREATE EXTENSION pg_stat_statements');
}

/** Writes what the statements of the engines' databases have cost so far. */
export async function writeStatements(observer: Client, folder: string): Promise<void> {
  const { rows } = await observer.query(STATEMENTS);
  await writeFile(join(folder, 'statements.json'), `${JSON.stringify(rows, null, 2)}\n`);
}
