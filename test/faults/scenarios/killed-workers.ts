import { eventually } from '../world/eventually.js';
import type { FaultWorker } from '../world/fault-worker.js';
import { LEASE_SECONDS } from '../world/world.js';
import type { World } from '../world/world.js';
import type { FaultPoint } from '../worker/fault-points.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

/** A killed worker's steps run again within its lease and one sweep, and what a busy machine adds. */
const RECOVERY_BOUND_MS = LEASE_SECONDS * 1_000 + 5_000;
const MAX_LOST = 4;

interface Losses {
  readonly lost: number;
  readonly spent: number;
}

/** Attempts that were lost with their workers, and the highest number that any attempt got. */
async function losses(world: World): Promise<Losses> {
  return world.row<Losses>(
    `SELECT coalesce(sum(lost_count), 0)::integer AS lost, max(attempts)::integer AS spent FROM tasker.steps`,
  );
}

/** How long it takes from now until nothing is held any more by workers that do not run. */
async function recoveryMs(world: World, dead: FaultWorker): Promise<number> {
  const from = performance.now();
  await eventually('the lost steps run again', async () => {
    const { open } = await world.row<{ open: number }>(
      `SELECT count(*)::integer AS open FROM tasker.steps
       WHERE state IN (1, 2, 8) AND worker_id = (SELECT worker_id FROM tasker.workers WHERE name = $1)`,
      [dead.name],
    );
    return open === 0;
  });
  return Math.round(performance.now() - from);
}

/** A victim that is struck at a commit, with a stand-in for it; all tasks complete, unspent. */
async function killAt(
  world: World,
  point: Pick<FaultPoint, 'at' | 'when' | 'skip'>,
  lostExpected: 'some' | 'none',
): Promise<Figures> {
  const survivor = await world.standIn();
  // There before the victim, whose first claim may be the one that counts.
  await world.submit(['chain', 'diamond', 'payment', 'lone'], 40);
  const victim = world.launch({
    faultPoints: [{ skip: world.random.below(4), ...point, action: 'kill' }],
    settings: { maxConcurrency: 1 + world.random.below(20) },
  });
  await victim.exited;
  survivor.signal('SIGCONT');
  const recovery = await recoveryMs(world, victim);
  await world.settled();
  const { lost, spent } = await losses(world);
  promise(
    world.inTime(recovery, RECOVERY_BOUND_MS),
    `recovery took ${recovery} ms, at most ${RECOVERY_BOUND_MS} are promised`,
  );
  promise(spent === 1, `a lost attempt spent a retry (attempt number ${spent})`);
  if (lostExpected === 'some') promise(lost > 0, 'no attempt was counted as lost');
  return { recovery_ms: recovery, lost };
}

async function killWhileRunning(world: World): Promise<Figures> {
  const victim = await world.worker();
  await world.submit(['holding'], 5);
  await victim.told('holding', 5);
  const survivor = await world.standIn();
  await victim.kill();
  survivor.signal('SIGCONT');
  // Again and again: on a starved machine a lease may run out that was kept, and the step then waits to run alone.
  const letGo = setInterval(() => survivor.letGo(), 100);
  let recovery: number;
  try {
    recovery = await recoveryMs(world, victim);
    await world.settled();
  } finally {
    clearInterval(letGo);
  }
  const { lost, spent } = await losses(world);
  promise(world.inTime(recovery, RECOVERY_BOUND_MS), `recovery took ${recovery} ms`);
  promise(lost >= 5 && spent === 1, `${lost} attempts were counted as lost, ${spent} spent`);
  return { recovery_ms: recovery, lost };
}

async function deadlyStep(world: World): Promise<Figures> {
  const settings = { maxLost: MAX_LOST };
  const fresh = () => world.launch({ settings, workMs: 20 });
  const crew = [fresh(), fresh()];
  await Promise.all(crew.map((worker) => worker.ready()));
  const [deadly] = await world.submit(['deadly'], 1);
  await world.submit(['chain', 'diamond', 'payment'], 60);
  let deaths = 0;
  await eventually('the deadly step has ended', async () => {
    for (const [place, worker] of crew.entries()) {
      if (worker.running) continue;
      deaths += 1;
      crew[place] = fresh();
    }
    const { state } = await world.row<{ state: number }>(
      'SELECT state FROM tasker.steps WHERE task_uuid = $1',
      [deadly],
    );
    return state === 5;
  });
  await world.settled();
  const { code } = await world.row<{ code: string }>(
    `SELECT detail ->> 'error_code' AS code FROM tasker.events WHERE task_uuid = $1 AND kind = 3`,
    [deadly],
  );
  const others = await world.row<{ unfinished: number; lost: number; spent: number }>(
    `SELECT count(*) FILTER (WHERE s.state <> 4)::integer AS unfinished, max(s.lost_count)::integer AS lost,
            max(s.attempts)::integer AS spent
     FROM tasker.steps s WHERE s.task_uuid <> $1`,
    [deadly],
  );
  promise(code === 'WORKER_LOST', `it ended with ${code}`);
  promise(deaths === MAX_LOST, `it killed ${deaths} processes, ${MAX_LOST} were allowed`);
  promise(others.unfinished === 0, `${others.unfinished} steps of other tasks did not complete`);
  // Twice in its company; from then on it runs alone.
  promise(others.lost <= 2, `a step beside it was lost ${others.lost} times`);
  promise(others.spent === 1, 'a step beside it spent an attempt');
  return { deaths, neighbours_lost: others.lost };
}

export const KILLED_WORKERS: readonly Scenario[] = [
  {
    number: 1,
    name: 'kill -9 a worker while a handler runs',
    promise: 'run again within lease + 5 s',
    run: killWhileRunning,
  },
  {
    number: 2,
    name: 'kill -9 after the handler returned, before its completion committed',
    promise: 'run again; a transactional step’s effect once',
    run: (world) => killAt(world, { at: 'complete', when: 'before' }, 'some'),
  },
  {
    number: 3,
    name: 'kill -9 after a completion committed, before anyone was told',
    promise: 'dependants still start',
    run: (world) => killAt(world, { at: 'complete', when: 'after' }, 'none'),
  },
  {
    number: 4,
    name: 'kill -9 between claim and handler start',
    promise: 'lost_count + 1, retry budget untouched',
    // Its first claim: later ones may find nothing, since completions claim too.
    run: (world) => killAt(world, { at: 'claim', when: 'after', skip: 0 }, 'some'),
  },
  {
    number: 26,
    name: 'a step that kills its process every time',
    promise: 'error after the cap; others unharmed',
    run: deadlyStep,
  },
];
