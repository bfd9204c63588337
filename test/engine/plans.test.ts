import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { newTask, tokens } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { chain, LONE_STEP } from './graphs.js';
import { finishedTasks, readyTasks } from './history.js';
import { costOf } from './plan-cost.js';
import type { PlanCost } from './plan-cost.js';
import { failedForGood, succeeded } from './reports.js';

const MANY = 10;

type Calls = Readonly<Record<string, readonly unknown[]>>;
type Costs = Readonly<Record<string, PlanCost>>;

let core: CoreDatabase;
let template: number;
let calls: Calls;
/** Has called everything while the tables were empty, and keeps those plans. */
let early: CoreConnection;
let atFirst: Costs;

beforeAll(async () => {
  core = await CoreDatabase.create();
  await core.rows('ALTER TABLE tasker.tasks SET (autovacuum_enabled = off)');
  await core.rows('ALTER TABLE tasker.steps SET (autovacuum_enabled = off)');
  await core.rows('ALTER TABLE tasker.events SET (autovacuum_enabled = off)');
  template = await core.template(chain(4));
  early = await core.connection();
  calls = await prepareCalls();
  // PostgreSQL decides at the sixth call whether it keeps a plan.
  for (let count = 0; count < 7; count += 1) await costs(early);
  atFirst = await costs(early);
});

afterAll(() => core.drop());

/**
 * Tasks in every state, and a call of every function that has something to do among them. They take the place of those
 * before, in whose pages the calls that were undone have left their traces.
 */
async function prepareCalls(): Promise<Calls> {
  await core.rows('DELETE FROM tasker.steps WHERE state <> 4 AND template_id = $1', [template]);
  await core.rows('DELETE FROM tasker.tasks WHERE status <> 2 AND template_id = $1', [template]);
  const tasks = Array.from({ length: 5 * MANY }, () => newTask({ template_id: template }));
  await early.submitAll(tasks);
  const { steps } = await early.claim({ slots: 3 * MANY, leaseSeconds: 3_600, templates: [template] });
  const [running, expired, failing] = [0, MANY, 2 * MANY].map((from) => steps.slice(from, from + MANY));
  if (running === undefined || expired === undefined || failing === undefined)
    throw new Error('expected steps');
  await early.complete(failing.map((step) => failedForGood(step)));
  await core.rows(
    `UPDATE tasker.steps SET lease_until = now() - interval '1 hour' WHERE attempt_token = ANY ($1)`,
    [expired.map((step) => step.token)],
  );
  const suspect = await early.submit({ template_id: template });
  await core.rows('UPDATE tasker.steps SET state = 8, lost_count = 2 WHERE task_uuid = $1 AND state = 1', [
    suspect,
  ]);

  const ids = tasks.map((task) => task.task_uuid);
  const columns = [
    running.map((step) => step.taskUuid),
    running.map((step) => step.stepIndex),
    running.map((step) => step.token),
  ];
  const completion = (ending: typeof succeeded) => [
    early.workerId,
    1,
    true,
    ...columns,
    running.map((step) => ending(step).succeeded),
    `[${running.map((step) => ending(step).json).join()}]`,
    `[${running.map(() => 'null').join()}]`,
    [template],
    tokens(MANY),
    30,
  ];
  const [failedStep] = failing;
  // Tasks that no other call changes: what is undone leaves its traces in the pages.
  const quiet = failing.slice(1).map((step) => step.taskUuid);
  await core.rows(
    `UPDATE tasker.tasks SET created_at = now() - interval '2 hours' WHERE task_uuid = ANY ($1)`,
    [ids.slice(-MANY)],
  );
  const fresh = Array.from({ length: MANY }, () => newTask({ template_id: template }));
  const published = [[{ name: 'it_ended', payload: { n: 1 } }]];
  const events = JSON.stringify(running.flatMap(() => published));
  await core.rows("SELECT tasker.register_event_subscription('listener', true)");
  await core.rows(
    `TRUNCATE tasker.domain_events;
     INSERT INTO tasker.domain_events (task_uuid, correlation_id, published_at, template_id, step_index, attempt,
       attempt_token, name, payload)
     SELECT s.task_uuid, s.task_uuid, now(), s.template_id, s.step_index, 1, s.attempt_token, 'it_ended', '1'
     FROM tasker.steps s WHERE s.state = 2`,
  );
  const byHand = [failedStep?.taskUuid, 0];
  return {
    submit_tasks: [JSON.stringify(fresh)],
    'submit_tasks, repeated': [JSON.stringify(tasks.slice(0, MANY))],
    claim_steps: [early.workerId, 1, false, [template, 2, 3], tokens(MANY), 30],
    'claim_steps, repeated': [early.workerId, 1, true, [template], running.map((step) => step.token), 30],
    claim_step_alone: [early.workerId, 1, [template, 2, 3], tokens(1)[0], 30],
    complete_steps: completion(succeeded),
    'complete_steps, failing': completion(failedForGood),
    'complete_steps, with events': [...completion(succeeded), events],
    read_event_subscription: ['listener', tokens(1)[0], 30, '.*', 100],
    extend_leases: [...columns, 30],
    release_steps: columns,
    reclaim_expired_steps: [1, 1_000],
    cancel_task: [ids[0], 'enough', 'a person'],
    reset_step: [...byHand, 'again', 'a person'],
    finish_step_by_hand: [...byHand, true, '1', null, 'done outside', 'a person'],
    enforce_lifecycle: [template, '{"max_duration_minutes": 60}', 'dlq', 'none', 0, null, null, 100],
    remove_finished_tasks: [0, null, null, MANY],
    'remove_finished_tasks, going on': [1, '-infinity', ids[0], MANY],
    read_tasks: [quiet],
    read_steps: [quiet[0]],
    list_tasks: [null, null, null, null, null, null, 0, 25],
    queue_depth: [],
    running_steps: [],
    read_task_events: [quiet.slice(0, 3), [0, 0, 0], 100],
    read_step_audit: [failedStep?.taskUuid, failedStep?.stepIndex],
    read_step_results: [quiet, quiet.map(() => 'step_1')],
    read_settled_tasks: [quiet],
  };
}

async function costs(connection: CoreConnection): Promise<Costs> {
  const all: Record<string, PlanCost> = {};
  for (const [call, values] of Object.entries(calls)) {
    all[call] = await costOf(connection, call.replace(/,.*/, ''), values);
  }
  return all;
}

/** Whoever called the functions when the tables were empty, and whoever comes new, pays what it cost then. */
async function expectFlat(): Promise<void> {
  calls = await prepareCalls();
  for (const connection of [early, await core.connection()]) {
    // Not counted: making plans, anew after an ANALYZE.
    await costs(connection);
    const now = await costs(connection);
    const dear = Object.entries(now).filter(([call, { buffers, sequentialScans }]) => {
      const before = atFirst[call]?.buffers ?? 0;
      // What was undone leaves dead entries, which some calls step over.
      return sequentialScans > 0 || buffers > 2 * before + 100;
    });
    expect(dear.map(([call, cost]) => [call, cost, 'at first', atFirst[call]])).toEqual([]);
  }
}

async function analyze(): Promise<void> {
  await core.rows('ANALYZE tasker.tasks, tasker.steps, tasker.events');
}

describe('No call’s cost grows', () => {
  it('with the first 10,000 finished steps, before and after ANALYZE', async () => {
    await expectFlat();
    await finishedTasks(core, template, 2_500);
    await expectFlat();
    await analyze();
    await expectFlat();
  });

  it('with 300,000 finished steps, before and after ANALYZE', async () => {
    await finishedTasks(core, template, 72_500);
    await expectFlat();
    await analyze();
    await expectFlat();
  });

  it('with 20,000 ready steps that come when the statistics know of finished ones only', async () => {
    const other = await core.template(LONE_STEP);
    const another = await core.template(LONE_STEP);
    await readyTasks(core, [other, another], 20_000);
    await expectFlat();
    await analyze();
    await expectFlat();
  });
});
