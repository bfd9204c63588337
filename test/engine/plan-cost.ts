import type { QueryResultRow } from 'pg';

import type { CoreConnection } from './core-connection.js';

export interface PlanCost {
  /** Pages touched, by all statements inside of the call. */
  readonly buffers: number;
  /** How often a table that grows with history was read from end to end. */
  readonly sequentialScans: number;
}

interface ExplainRow extends QueryResultRow {
  readonly 'QUERY PLAN': readonly {
    readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number };
  }[];
}

/** What a call of one of the functions costs, with the plans that the connection keeps. What it does is undone. */
export async function costOf(
  connection: CoreConnection,
  name: string,
  values: readonly unknown[],
): Promise<PlanCost> {
  const places = values.map((_, index) => `$${index + 1}`).join(', ');
  const { answer, end } = await connection.within(async () => {
    const scansBefore = await sequentialScans(connection);
    const [explained] = await connection.rows<ExplainRow>(
      `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT * FROM tasker.${name}(${places})`,
      values,
    );
    const plan = explained?.['QUERY PLAN'][0]?.Plan;
    if (plan === undefined) throw new Error('expected a plan');
    return {
      buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
      sequentialScans: (await sequentialScans(connection)) - scansBefore,
    };
  });
  await end('ROLLBACK');
  return answer;
}

/** Of this connection, so far. */
async function sequentialScans(connection: CoreConnection): Promise<number> {
  const [row] = await connection.rows<{ count: number }>(
    `SELECT sum(seq_scan)::integer AS count FROM pg_stat_xact_user_tables
     WHERE schemaname = 'tasker' AND relname IN ('tasks', 'steps', 'events')`,
  );
  return row?.count ?? 0;
}
