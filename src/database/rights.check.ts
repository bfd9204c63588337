import type pg from 'pg';
import { type MissingRight, PrivilegeMissingError } from './database.errors.js';

/**
 * What a service does with the tables of schema tasker, apart from reading them. DELETE is not asked for: only the removal of old tasks
 * needs it.
 */
const WRITTEN: Readonly<Record<string, readonly string[]>> = {
  templates: ['INSERT', 'UPDATE'],
  template_steps: ['INSERT'],
  workers: ['INSERT', 'UPDATE'],
  tasks: ['INSERT', 'UPDATE'],
  steps: ['INSERT', 'UPDATE'],
  events: ['INSERT'],
  tasks_dlq: ['INSERT'],
  domain_events: ['INSERT'],
  event_subscriptions: ['INSERT', 'UPDATE'],
  queue_sample: ['UPDATE'],
};

const NEEDED = Object.entries(WRITTEN).flatMap(([table, rights]) =>
  ['SELECT', ...rights].map((right) => ({ table, right })),
);

/** Reads the catalog alone, which any role may. */
const MISSING = `
  WITH own AS (SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'tasker'),
  needed AS (
    SELECT * FROM unnest($1::text[], $2::text[]) AS needed (name, needed_right)
    UNION ALL
    SELECT c.relname, 'SELECT' FROM pg_class c JOIN own ON c.relnamespace = own.oid
    WHERE c.relkind = 'r' AND c.relname LIKE 'migrations%'
  )
  SELECT missing.object, 
    string_agg(missing.needed_right, ', ' ORDER BY array_position(ARRAY['SELECT', 'INSERT', 'UPDATE'], missing.needed_right)) AS rights
  FROM (
    SELECT 1 AS place, 'SCHEMA tasker' AS object, 'USAGE' AS needed_right
    FROM own WHERE NOT has_schema_privilege(own.oid, 'USAGE')
    UNION ALL
    SELECT 2, 'TABLE tasker.' || quote_ident(c.relname), needed.needed_right
    FROM own JOIN pg_class c ON c.relnamespace = own.oid JOIN needed ON needed.name = c.relname
    WHERE NOT has_table_privilege(c.oid, needed.needed_right)
    UNION ALL
    SELECT 3, 'ALL FUNCTIONS IN SCHEMA tasker', 'EXECUTE'
    FROM own
    WHERE EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = own.oid AND NOT has_function_privilege(p.oid, 'EXECUTE'))
  ) missing
  GROUP BY missing.place, missing.object ORDER BY missing.place, missing.object`;

/** What the server says of a right that is missing, in its own words. */
const DENIED = /^permission denied for ([a-z ]+?) "?(.+?)"?$/;
const NOT_OWNER = /^must be owner of ([a-z ]+?) "?(.+?)"?$/;

/**
 * Checks that the role may use the schema as it is.
 *
 * @throws PrivilegeMissingError naming every right that is missing
 */
export async function checkRights(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ object: string; rights: string }>(MISSING, [
    NEEDED.map(({ table }) => table),
    NEEDED.map(({ right }) => right),
  ]);
  if (rows.length === 0) return;
  const { role, database } = await whereIs(client);
  throw new PrivilegeMissingError(
    role,
    database,
    rows.map(({ object, rights }) => granted(rights, object, role)),
  );
}

/**
 * Checks that the role may make what migrations make: the schema when it is not there, else tables and functions in it.
 *
 * @returns whether the schema is there
 * @throws PrivilegeMissingError
 */
export async function checkMayMigrate(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean; creates: boolean; database: boolean }>(
    `SELECT n.oid IS NOT NULL AS exists,
            has_schema_privilege(n.oid, 'CREATE') AND has_schema_privilege(n.oid, 'USAGE') AS creates,
            has_database_privilege(current_database(), 'CREATE') AS database
     FROM (VALUES ('tasker')) AS own (name) LEFT JOIN pg_namespace n ON n.nspname = own.name`,
  );
  const { exists, creates, database: createsSchemas } = rows[0] ?? { exists: false };
  if (exists ? creates : createsSchemas) return exists;
  const { role, database } = await whereIs(client);
  const missing = exists
    ? granted('USAGE, CREATE', 'SCHEMA tasker', role)
    : granted('CREATE', `DATABASE ${database}`, role);
  throw new PrivilegeMissingError(role, database, [missing]);
}

/** What a migration was denied, as an error that says the statement which grants it. */
export async function explainDenial(client: pg.ClientBase, denial: Error): Promise<PrivilegeMissingError> {
  // The runner leaves the transaction open in which it failed.
  await client.query('ROLLBACK');
  const { role, database } = await whereIs(client);
  return new PrivilegeMissingError(role, database, missingOf(denial.message, role), denial);
}

function missingOf(message: string, role: string): readonly MissingRight[] {
  const [, kind = '', name = ''] = DENIED.exec(message) ?? [];
  if (kind === 'schema') return [granted('USAGE, CREATE', `SCHEMA ${name}`, role)];
  if (kind === 'database') return [granted('CREATE', `DATABASE ${name}`, role)];
  if (kind !== '') return [granted('ALL', `${kind.toUpperCase()} ${name}`, role)];
  const [, owned = '', object = ''] = NOT_OWNER.exec(message) ?? [];
  if (owned === '') return [];
  const what = `${owned.toUpperCase()} ${object}`;
  return [{ right: 'OWNER', object: what, statement: `ALTER ${what} OWNER TO ${role}` }];
}

function granted(right: string, object: string, role: string): MissingRight {
  return { right, object, statement: `GRANT ${right} ON ${object} TO ${role}` };
}

/** As statements name them. */
async function whereIs(client: pg.ClientBase): Promise<{ readonly role: string; readonly database: string }> {
  const { rows } = await client.query<{ role: string; database: string }>(
    'SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database',
  );
  return rows[0] ?? { role: '', database: '' };
}
