import { setTimeout as delay } from 'node:timers/promises';

import { eventually } from '../world/eventually.js';
import type { World } from '../world/world.js';
import type { CommitName } from '../worker/fault-points.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

const MIX = ['chain', 'diamond', 'payment', 'flaky'] as const;
const FIRST_COMPLETION_BOUND_MS = 3_000;
const RESUMED_BOUND_MS = 5_000;
const AWAY_LEASE_SECONDS = 6;
const AWAY_MS = 60_000;

async function completions(world: World): Promise<number> {
  const { count } = await world.row<{ count: number }>(
    'SELECT count(*)::integer AS count FROM tasker.events WHERE kind = 1',
  );
  return count;
}

/** How long from now until one more step is complete. */
async function nextCompletionMs(world: World): Promise<number> {
  const from = performance.now();
  const before = await completions(world);
  await eventually('a step completes', async () => (await completions(world)) > before);
  return Math.round(performance.now() - from);
}

async function failures(world: World): Promise<number> {
  const { count } = await world.row<{ count: number }>(
    `SELECT count(*)::integer AS count FROM tasker.events e JOIN tasker.steps s USING (task_uuid, step_index)
     WHERE e.kind IN (2, 3) AND s.name <> 'flaky'`,
  );
  return count;
}

async function restarts(world: World): Promise<Figures> {
  const workers = [await world.worker({ workMs: 40 }), await world.worker({ workMs: 40 })];
  let slowest = 0;
  const rounds = 3;
  for (let round = 0; round < rounds; round += 1) {
    await delay(5_000 + world.random.below(5_000));
    // Enough to be in the middle of it when the server goes.
    await world.submit(MIX, 400);
    await delay(200 + world.random.below(800));
    await world.restartServer(world.random.chance(0.5) ? 'crash' : 'fast', () =>
      delay(world.random.below(1_000)),
    );
    slowest = Math.max(slowest, await nextCompletionMs(world));
    for (const worker of workers) promise(worker.running, `a worker ended:\n${worker.output}`);
  }
  await world.settled();
  const failed = await failures(world);
  promise(failed === 0, `${failed} attempts failed because the server was away`);
  promise(
    world.inTime(slowest, FIRST_COMPLETION_BOUND_MS),
    `the first step after a restart took ${slowest} ms`,
  );
  return { restarts: rounds, first_completion_ms: slowest };
}

async function unreachable(world: World): Promise<Figures> {
  // With others to take its steps back, had they run out of their leases for good.
  const settings = { leaseSeconds: AWAY_LEASE_SECONDS, stepTimeoutSeconds: 600 };
  const worker = await world.worker({ enableWebApi: true, workMs: 20, settings });
  const other = await world.worker({ workMs: 20, settings });
  const holds = await world.submit(['holding'], 6);
  await eventually(
    'some steps hold',
    () => worker.messages('holding').length + other.messages('holding').length >= holds.length,
  );
  await world.submit(MIX, 400);
  const readiness = async () => (await fetch(`${worker.url}/health/ready`)).status;
  promise((await readiness()) === 200, 'it was not ready at first');
  const from = performance.now();
  // Refused at once, or swallowed without a word.
  const silent = world.seed % 2 === 0;
  if (silent) world.server.proxy.silence();
  else world.server.proxy.close();
  await eventually('readiness says that the database is away', async () => (await readiness()) === 503);
  const noticedMs = Math.round(performance.now() - from);
  const live = await fetch(`${worker.url}/health/live`);
  promise(live.status === 200, 'liveness went down with the database');
  await delay(AWAY_MS);
  promise(worker.running, `the worker ended:\n${worker.output}`);
  world.server.proxy.open();
  const resumedMs = await nextCompletionMs(world);
  await eventually('it is ready again', async () => (await readiness()) === 200);
  // Long enough for anybody who would take them back.
  await delay(AWAY_LEASE_SECONDS * 1_000);
  promise(world.inTime(resumedMs, RESUMED_BOUND_MS), `work resumed after ${resumedMs} ms`);
  const letGo = setInterval(() => [worker, other].forEach((one) => one.letGo()), 200);
  try {
    await world.settled();
  } finally {
    clearInterval(letGo);
  }
  const { lost } = await world.row<{ lost: number }>(
    'SELECT sum(lost_count)::integer AS lost FROM tasker.steps',
  );
  // What was sent into the silence may still arrive when it ends, a sweep that was given up long ago among it.
  promise(silent || lost === 0, `${lost} steps were taken from workers that live`);
  return { silent: Number(silent), away_ms: AWAY_MS, noticed_ms: noticedMs, resumed_ms: resumedMs, lost };
}

async function readOnly(world: World): Promise<Figures> {
  const worker = await world.worker({ workMs: 20 });
  await world.submit(['chain', 'payment', 'diamond'], 200);
  await eventually('work has begun', async () => (await completions(world)) > 20);
  // As after a failover: the sessions that come now land on a server that only reads.
  await world.setReadOnly(true);
  await world.terminateBackends('%worker-%');
  await delay(2_000 + world.random.below(2_000));
  await world.setReadOnly(false);
  const resumedMs = await nextCompletionMs(world);
  await world.settled();
  const failed = await failures(world);
  promise(failed === 0, `${failed} attempts failed for a read-only connection`);
  promise(worker.running, `the worker ended:\n${worker.output}`);
  return { resumed_ms: resumedMs };
}

async function lostAnswers(world: World): Promise<Figures> {
  const lose = (at: CommitName, skip = world.random.below(5)) =>
    ({ at, when: 'after', action: 'lose', skip, times: 3 }) as const;
  const worker = await world.worker({
    workMs: 100,
    faultPoints: [lose('submit'), lose('claim'), lose('complete'), lose('extend', 0), lose('commit')],
  });
  await world.submit(['slow'], 3);
  // The worker submits too: its answers get lost as well.
  await world.submitBy(worker, MIX, 60);
  await world.settled();
  const { tasks, lost } = await world.row<{ tasks: number; lost: number }>(
    'SELECT count(DISTINCT task_uuid)::integer AS tasks, sum(lost_count)::integer AS lost FROM tasker.steps',
  );
  promise(tasks === world.acknowledged.length, `${tasks} tasks for ${world.acknowledged.length} submits`);
  promise(lost === 0, `${lost} attempts were lost`);
  const failed = await failures(world);
  promise(failed === 0, `${failed} attempts were spent`);
  const struck = new Set<string>(
    worker.messages('struck').map((message) => (message.event === 'struck' ? message.at : '')),
  );
  for (const at of ['submit', 'claim', 'complete', 'extend'])
    promise(struck.has(at), `no answer of ${at} was lost: the fault did not happen`);
  return { answers_lost: worker.messages('struck').length };
}

async function conflicts(world: World): Promise<Figures> {
  const action = world.seed % 2 === 0 ? 'deadlock' : 'serialization';
  const strike = (at: CommitName) =>
    ({ at, when: 'before', action, skip: world.random.below(4), times: 3 }) as const;
  const worker = await world.worker({
    faultPoints: (['submit', 'claim', 'complete', 'extend', 'reclaim', 'commit'] as const).map(strike),
  });
  await world.submitBy(worker, ['chain', 'diamond', 'payment'], 60);
  await world.settled();
  const { failed } = await world.row<{ failed: number }>(
    'SELECT count(*)::integer AS failed FROM tasker.events WHERE kind IN (2, 3, 4)',
  );
  promise(failed === 0, `${failed} attempts were spent or lost`);
  const conflictsMet = worker.messages('struck').length;
  promise(conflictsMet >= 6, `only ${conflictsMet} conflicts happened`);
  return { conflicts: conflictsMet };
}

async function exhaustedPool(world: World): Promise<Figures> {
  // Every handler holds a connection of a small pool for longer than the lease.
  const worker = await world.worker({ workMs: 3_000, settings: { poolSize: 4, maxConcurrency: 8 } });
  await world.submit(['payment'], 8);
  await world.settled();
  const { lost } = await world.row<{ lost: number }>(
    'SELECT sum(lost_count)::integer AS lost FROM tasker.steps',
  );
  promise(lost === 0, `${lost} leases ran out while the pool was exhausted`);
  promise(worker.running, 'the worker ended');
  return { lost };
}

export const DATABASE: readonly Scenario[] = [
  {
    number: 9,
    name: 'PostgreSQL restarted every 5–10 s, in order or by a crash',
    promise: 'all complete; no process exit; nothing acknowledged lost',
    run: restarts,
  },
  {
    number: 10,
    name: 'PostgreSQL unreachable for 60 s',
    promise: 'readiness down, claims stop, work resumes within seconds of its return',
    run: unreachable,
  },
  {
    number: 11,
    name: 'connections land on a read-only server (25006)',
    promise: 'dropped and retried; no step fails',
    run: readOnly,
  },
  {
    number: 16,
    name: 'the commit succeeds but its answer is lost: on submit, claim, complete, extend',
    promise: 'recognised as its own success',
    run: lostAnswers,
  },
  {
    number: 17,
    name: 'deadlock or serialization failure (40P01, 40001)',
    promise: 'retried inside the engine',
    run: conflicts,
  },
  {
    number: 18,
    name: 'pool exhausted by handlers',
    promise: 'leases still extended: they have their own connection',
    run: exhaustedPool,
  },
];
