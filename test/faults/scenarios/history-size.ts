import { randomUUID } from 'node:crypto';

import type { Client } from 'pg';

import type { World } from '../world/world.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

const FINISHED = 1_000_000;
const CHUNK = 100_000;
/** A round of claims, and how many rounds there are of each side, in turn: what the machine does meanwhile meets both. */
const CLAIMS = 100;
const ROUNDS = 9;
const SLOTS = 4;
/** Steps that are claimed and completed, many at a time, to see what a transaction that stays open for longer does. */
const MORE = 10_000;
const LARGEST_CLAIM = 200;

/** Finished tasks of one step each, as the engine would have left them, `count` of them. */
const FINISHED_TASKS = `
WITH task AS (
  INSERT INTO tasker.tasks (
    task_uuid, correlation_id, created_at, updated_at, finished_at, template_id, open_sinks, status, unique_request,
    initiator, source_system, reason, context)
  SELECT gen_random_uuid(), gen_random_uuid(), at, at, at, $1, 0, 2, false, 'bench', 'bench', 'history', '{}'
  FROM (SELECT now() - n * interval '1 s' AS at FROM generate_series($2::integer, $2::integer + $3::integer - 1) AS n) past
  RETURNING task_uuid, created_at
), step AS (
  INSERT INTO tasker.steps (
    task_uuid, attempt_token, started_at, finished_at, template_id, worker_id, step_index, state, remaining_dependencies,
    attempts, priority, name, dependencies, dependents, result)
  SELECT task_uuid, gen_random_uuid(), created_at, created_at, $1, 1, 0, 4, 0, 1, 0, 'work', '{}', '{}', '{}' FROM task
)
INSERT INTO tasker.events (task_uuid, recorded_at, started_at, worker_id, step_index, kind, attempt, task_status)
SELECT t.task_uuid, t.created_at, CASE WHEN k.kind = 1 THEN t.created_at END, CASE WHEN k.kind = 1 THEN 1 END,
       CASE WHEN k.kind = 1 THEN 0 END, k.kind, CASE WHEN k.kind = 1 THEN 1 END, CASE WHEN k.kind = 9 THEN 2 END
FROM task t CROSS JOIN (VALUES (1), (9)) AS k (kind)`;

/** The checker is for what was run: a million tasks that never were would only keep it waiting. */
const FORGET_HISTORY = `
CREATE TEMPORARY TABLE kept_tasks AS SELECT * FROM tasker.tasks WHERE reason <> 'history';
CREATE TEMPORARY TABLE kept_steps AS SELECT s.* FROM tasker.steps s JOIN kept_tasks USING (task_uuid);
CREATE TEMPORARY TABLE kept_events AS SELECT e.* FROM tasker.events e JOIN kept_tasks USING (task_uuid);
TRUNCATE tasker.tasks, tasker.steps, tasker.events;
INSERT INTO tasker.tasks SELECT * FROM kept_tasks;
INSERT INTO tasker.steps SELECT * FROM kept_steps;
INSERT INTO tasker.events OVERRIDING SYSTEM VALUE SELECT * FROM kept_events`;

interface ClaimRow {
  readonly kind: string;
  readonly task_uuid: string;
  readonly step_index: number;
  readonly attempt_token: string;
}

/** Who claims and completes as a worker does, from one connection. */
class Claimant {
  private constructor(
    private readonly world: World,
    private readonly client: Client,
    private readonly worker: number,
    private readonly template: number,
  ) {}

  static async on(world: World, client: Client): Promise<Claimant> {
    const { worker, template } = await world.row<{ worker: number; template: number }>(
      `SELECT tasker.register_worker('bench', 'bench') AS worker,
              (SELECT template_id FROM tasker.templates WHERE name = 'lone') AS template`,
    );
    return new Claimant(world, client, worker, template);
  }

  /** Runs as many steps as this, so many a claim; how long each claim took, the shortest first. */
  async work(steps: number, slots: number): Promise<readonly number[]> {
    await this.world.submit(['lone'], steps);
    const milliseconds: number[] = [];
    for (let done = 0; done < steps; done += slots) {
      const from = performance.now();
      const claimed = await this.claim(slots);
      milliseconds.push(performance.now() - from);
      await this.complete(claimed);
    }
    return milliseconds.toSorted((left, right) => left - right);
  }

  /** How long the claims of a round took, the shortest first. */
  round(): Promise<readonly number[]> {
    return this.work(CLAIMS * SLOTS, SLOTS);
  }

  private async claim(slots: number): Promise<readonly ClaimRow[]> {
    const { rows } = await this.client.query<ClaimRow>({
      name: 'claim',
      text: 'SELECT * FROM tasker.claim_steps($1, 1, false, $2, $3, 60)',
      values: [this.worker, [this.template], Array.from({ length: slots }, () => randomUUID())],
    });
    return rows.filter(({ kind }) => kind === 'claim');
  }

  private async complete(steps: readonly ClaimRow[]): Promise<void> {
    await this.client.query({
      name: 'complete',
      text: `SELECT * FROM tasker.complete_steps($1, 1, false, $2, $3, $4, $5, $6, $7, $8, '{}', 60)`,
      values: [
        this.worker,
        steps.map(({ task_uuid }) => task_uuid),
        steps.map(({ step_index }) => step_index),
        steps.map(({ attempt_token }) => attempt_token),
        steps.map(() => true),
        JSON.stringify(steps.map(() => ({}))),
        JSON.stringify(steps.map(() => null)),
        [this.template],
      ],
    });
  }
}

/** The smallest value that this part of all values does not exceed. */
function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}

async function longHistory(world: World): Promise<Figures> {
  return world.beside(async (undisturbed) => {
    const client = await world.connect();
    const otherClient = await undisturbed.connect();
    const claimant = await Claimant.on(world, client);
    const other = await Claimant.on(undisturbed, otherClient);
    for (const each of [claimant, other]) await each.round();

    const filledMs = await fill(world, client);
    // Reads for as long as all of this takes: nothing that is removed from now on can be cleaned up.
    const analyst = await world.connect();
    await analyst.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await analyst.query('SELECT count(*) FROM tasker.steps');

    const before: (readonly number[])[] = [];
    const after: (readonly number[])[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      before.push(await other.round());
      after.push(await claimant.round());
    }
    // What follows is told and promised nowhere: claims pass over what was claimed since the transaction began.
    await claimant.work(MORE, LARGEST_CLAIM);
    const later = await claimant.round();
    for (const each of [analyst, otherClient]) await each.end();
    await client.query(FORGET_HISTORY);
    await client.end();

    const usual = typical(before, 0.99);
    const burdened = typical(after, 0.99);
    promise(
      world.inTime(burdened, 2 * usual),
      `the 99th percentile of claims was ${burdened.toFixed(1)} ms, undisturbed ${usual.toFixed(1)} ms`,
    );
    return {
      finished_tasks: FINISHED,
      filled_ms: filledMs,
      claim_p99_undisturbed_us: microseconds(usual),
      claim_p99_us: microseconds(burdened),
      claim_p50_undisturbed_us: microseconds(typical(before, 0.5)),
      claim_p50_us: microseconds(typical(after, 0.5)),
      claim_p50_after_10000_more_us: microseconds(percentile(later, 0.5)),
    };
  });
}

/** A history as long as it would be after months; how many milliseconds that took. */
async function fill(world: World, client: Client): Promise<number> {
  const { template } = await world.row<{ template: number }>(
    `SELECT template_id AS template FROM tasker.templates WHERE name = 'lone'`,
  );
  const from = performance.now();
  for (let done = 0; done < FINISHED; done += CHUNK)
    await client.query(FINISHED_TASKS, [template, done, CHUNK]);
  const milliseconds = Math.round(performance.now() - from);
  await client.query('VACUUM ANALYZE tasker.tasks, tasker.steps, tasker.events');
  // A claim waits for the disk at its commit, and not for what has just been filled in to get there.
  await client.query('CHECKPOINT');
  return milliseconds;
}

/** What this part of a round's claims does not exceed, in the round that is in the middle. */
function typical(rounds: readonly (readonly number[])[], part: number): number {
  const perRound = rounds.map((round) => percentile(round, part)).toSorted((left, right) => left - right);
  return percentile(perRound, 0.5);
}

function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1_000);
}

export const HISTORY_SIZE: readonly Scenario[] = [
  {
    number: 27,
    name: '1,000,000 finished tasks and a long analytics transaction holding back vacuum',
    promise: 'claim p99 ≤ 2× the undisturbed one',
    alone: true,
    run: longHistory,
  },
];
