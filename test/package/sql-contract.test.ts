import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { SchemaMigrator } from '../../src/database/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres-server.js';
import { ROOT } from './packed-project.js';

/** As PostgreSQL tells them; "…" at the end of a table's columns leaves others out. */
const SIGNATURE = /^(\w+\(.*?)\) → (.+)$/gm;
const EXAMPLE = /^```sql\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/gm;

const FUNCTIONS = `
  SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ') → ' || pg_get_function_result(p.oid) AS signature
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = 'tasker'`;

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

describe('docs/sql-contract.md', () => {
  let database: TestDatabase;
  let client: Client;
  let text: string;

  beforeAll(async () => {
    text = await readFile(join(ROOT, 'docs/sql-contract.md'), 'utf8');
    database = await createTestDatabase();
    const { url } = database;
    await new SchemaMigrator({ connectDirect: () => connect(url) }, SILENT).migrate();
    client = await connect(url);
  });

  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it('gives the functions the arguments and rows that they have', async () => {
    const existing = signatures(await answer(client, FUNCTIONS));
    const documented = signatures(text);
    expect(documented.size).toBeGreaterThan(15);
    const calls = [...existing.keys()];
    for (const [call, columns] of documented) {
      // Further arguments may follow, with defaults: who calls without them is still right.
      const found = calls.find((other) => other.startsWith(call)) ?? call;
      expect(calls).toContain(found);
      expect(existing.get(found)).toEqual(expect.arrayContaining([...columns]));
    }
  });

  it('has an example that answers as it says', async () => {
    const examples = [...text.matchAll(EXAMPLE)];
    expect(examples.length).toBeGreaterThan(5);
    for (const [, sql = '', expected = ''] of examples) expect(await answer(client, sql)).toBe(expected);
  });
});

/** What each function answers, by its name and arguments. */
function signatures(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Array.from(text.matchAll(SIGNATURE), ([, call = '', result = '']) => [call, columnsOf(result)]),
  );
}

function columnsOf(result: string): readonly string[] {
  const [, columns] = /^TABLE\((.*?)(?:, …)?\)$/.exec(result) ?? [];
  return columns?.split(', ') ?? [result];
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

/** What `psql -A -F ' | ' -P footer=off -P null=null` prints. */
async function answer(client: Client, sql: string): Promise<string> {
  const raw = { getTypeParser: () => (value: string) => value };
  const answered: unknown = await client.query({ text: sql, rowMode: 'array', types: raw });
  return [answered].flat().map(printed).join('');
}

function printed(result: unknown): string {
  if (!isResult(result)) throw new TypeError('PostgreSQL answered something else than rows');
  const lines = [result.fields.map(({ name }) => name), ...result.rows];
  return lines.map((cells) => `${cells.map((cell) => cell ?? 'null').join(' | ')}\n`).join('');
}

interface RawResult {
  readonly fields: readonly { readonly name: string }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

function isResult(value: unknown): value is RawResult {
  return typeof value === 'object' && value !== null && 'fields' in value && 'rows' in value;
}
