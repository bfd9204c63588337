import type { Client } from 'pg';

import type { HistoryLine } from '../history.js';
import { groupBy } from './group-by.js';

/** A change of a step's state, token or lease, in the order of the changes. */
export interface LedgerEntry {
  readonly transaction: string;
  readonly at: Date;
  /** Null where the step was stored as leased. */
  readonly old_state: number | null;
  readonly new_state: number;
  readonly old_token: string | null;
  readonly new_token: string | null;
  readonly old_lease: Date | null;
  readonly result: { readonly nonce?: string } | null;
}

export interface StepEvent {
  readonly transaction: string;
  readonly kind: number;
  readonly attempt: number | null;
}

/** Everything that is known of a step: its row, its ledger, its events, its effects, and what its handlers wrote. */
export interface StepFacts {
  readonly taskUuid: string;
  readonly index: number;
  readonly name: string;
  readonly state: number;
  readonly dependencies: readonly number[];
  readonly maxAttempts: number;
  readonly ledger: readonly LedgerEntry[];
  readonly events: readonly StepEvent[];
  readonly effects: readonly string[];
  readonly history: readonly HistoryLine[];
}

export interface TaskFacts {
  readonly taskUuid: string;
  /** 0 active, 1 blocked, 2 complete, 3 error, 4 cancelled. */
  readonly status: number;
  readonly steps: readonly StepFacts[];
}

interface StepRow {
  readonly task_uuid: string;
  readonly status: number;
  readonly step_index: number;
  readonly name: string;
  readonly state: number;
  readonly dependencies: readonly number[];
  readonly max_attempts: number;
}

type Keyed<T> = T & { readonly task_uuid: string; readonly step_index: number };

/** Reads the facts of all tasks. */
export async function readFacts(
  database: Client,
  history: readonly HistoryLine[],
): Promise<readonly TaskFacts[]> {
  const rows = await select<StepRow>(
    database,
    `SELECT s.task_uuid, t.status, s.step_index, s.name, s.state, s.dependencies,
            greatest(1, coalesce((d.step -> 'retry' ->> 'max_attempts')::integer, 1)) AS max_attempts
     FROM tasker.steps s
     JOIN tasker.tasks t USING (task_uuid)
     JOIN tasker.templates p ON p.template_id = t.template_id
     LEFT JOIN LATERAL (
       SELECT step FROM json_array_elements(p.definition::json -> 'steps') AS e (step) WHERE e.step ->> 'name' = s.name
     ) d ON true
     ORDER BY s.task_uuid, s.step_index`,
  );
  const ledger = bySteps(
    await select<Keyed<LedgerEntry>>(database, 'SELECT * FROM faults.ledger ORDER BY entry'),
  );
  const events = bySteps(
    await select<Keyed<StepEvent>>(
      database,
      `SELECT task_uuid, step_index, kind, attempt, xmin::text AS transaction FROM tasker.events
       WHERE step_index IS NOT NULL ORDER BY task_uuid, event_id`,
    ),
  );
  const effects = groupBy(
    await select<{ task_uuid: string; step: string; nonce: string }>(
      database,
      'SELECT * FROM faults.effects',
    ),
    ({ task_uuid, step }) => `${task_uuid} ${step}`,
  );
  const told = groupBy(history, ({ taskUuid, step }) => `${taskUuid} ${step}`);

  const steps = rows.map((row) => ({
    status: row.status,
    taskUuid: row.task_uuid,
    index: row.step_index,
    name: row.name,
    state: row.state,
    dependencies: row.dependencies,
    maxAttempts: row.max_attempts,
    ledger: ledger.get(keyOf(row)) ?? [],
    events: events.get(keyOf(row)) ?? [],
    effects: (effects.get(`${row.task_uuid} ${row.name}`) ?? []).map(({ nonce }) => nonce),
    history: told.get(`${row.task_uuid} ${row.name}`) ?? [],
  }));
  return [...groupBy(steps, ({ taskUuid }) => taskUuid)].map(([taskUuid, its]) => ({
    taskUuid,
    status: its[0]?.status ?? 0,
    steps: its,
  }));
}

async function select<T>(database: Client, text: string): Promise<readonly T[]> {
  const { rows } = await database.query(text);
  return rows;
}

function bySteps<T extends Keyed<object>>(rows: readonly T[]): ReadonlyMap<string, readonly T[]> {
  return groupBy(rows, keyOf);
}

function keyOf({ task_uuid, step_index }: Keyed<object>): string {
  return `${task_uuid} ${step_index}`;
}
