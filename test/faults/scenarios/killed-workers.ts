import { eventually } from '../world/eventually.js';
import { LEASE_SECONDS } from '../world/world.js';
import type { World } from '../world/world.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

/** A killed worker's steps run again within its lease and one sweep, and what a busy machine adds. */
const RECOVERY_BOUND_MS = LEASE_SECONDS * 1_000 + 5_000;

interface Losses {
  readonly lost: number;
  readonly spent: number;
}

/** Attempts that were lost with their workers, and the highest number that any attempt got. */
async function losses(world: World): Promise<Losses> {
  const [row] = await world.rows<Losses>(
    `SELECT coalesce(sum(lost_count), 0)::integer AS lost, max(attempts)::integer AS spent FROM tasker.steps`,
  );
  return row ?? { lost: 0, spent: 0 };
}

/** When the step was given out for the second time, after the first one's worker was killed. */
async function recoveryMs(world: World, killedAt: number): Promise<number> {
  await eventually('the lost steps run again', async () => {
    const [row] = await world.rows<{ open: number }>(
      `SELECT count(*)::integer AS open FROM tasker.steps WHERE state = 2 AND worker_id IN
         (SELECT worker_id FROM tasker.workers WHERE name LIKE 'worker-1%')`,
    );
    return row?.open === 0;
  });
  return Math.round(performance.now() - killedAt);
}

/** A victim that is struck at a statement, with a survivor beside it; all tasks complete, unspent. */
async function killAt(
  world: World,
  statement: string,
  when: 'before' | 'after',
  lostExpected: 'some' | 'none',
): Promise<Figures> {
  const victim = world.launch({
    faultPoints: [{ statement, when, action: 'kill', skip: world.random.below(4) }],
  });
  await world.submit(['chain', 'diamond', 'payment', 'lone'], 40);
  await victim.exited;
  const killedAt = performance.now();
  await world.worker();
  const recovery = await recoveryMs(world, killedAt);
  await world.settled();
  const { lost, spent } = await losses(world);
  promise(
    recovery <= RECOVERY_BOUND_MS,
    `recovery took ${recovery} ms, at most ${RECOVERY_BOUND_MS} are promised`,
  );
  promise(spent === 1, `a lost attempt spent a retry (attempt number ${spent})`);
  if (lostExpected === 'some') promise(lost > 0, 'no attempt was counted as lost');
  return { recovery_ms: recovery, lost };
}

export const KILLED_WORKERS: readonly Scenario[] = [
  {
    number: 1,
    name: 'kill -9 a worker while a handler runs',
    promise: `run again within lease + 5 s`,
    async run(world) {
      const victim = await world.worker();
      await world.submit(['holding'], 5);
      await victim.told('holding', 5);
      const killedAt = performance.now();
      await victim.kill();
      const survivor = await world.worker();
      const recovery = await recoveryMs(world, killedAt);
      await survivor.told('holding', 5);
      survivor.letGo();
      await world.settled();
      const { lost, spent } = await losses(world);
      promise(recovery <= RECOVERY_BOUND_MS, `recovery took ${recovery} ms`);
      promise(lost === 5 && spent === 1, `${lost} attempts were counted as lost, ${spent} spent`);
      return { recovery_ms: recovery, lost };
    },
  },
  {
    number: 2,
    name: 'kill -9 after the handler returned, before its completion committed',
    promise: 'run again; a transactional step’s effect once',
    run: (world) => killAt(world, 'tasker_complete_steps', 'before', 'some'),
  },
  {
    number: 3,
    name: 'kill -9 after a completion committed, before anyone was told',
    promise: 'dependants still start',
    run: (world) => killAt(world, 'tasker_complete_steps', 'after', 'none'),
  },
  {
    number: 4,
    name: 'kill -9 between claim and handler start',
    promise: 'lost_count + 1, retry budget untouched',
    run: (world) => killAt(world, 'tasker_claim_steps', 'after', 'some'),
  },
];
