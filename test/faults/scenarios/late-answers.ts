import { eventually } from '../world/eventually.js';
import type { FaultWorker } from '../world/fault-worker.js';
import { LEASE_SECONDS } from '../world/world.js';
import type { World } from '../world/world.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

/** Reports of this worker that the engine refused because they came too late. */
async function refusedBy(worker: FaultWorker): Promise<number> {
  const { statistics } = await worker.statistics();
  return Number(Reflect.get(statistics, 'refused'));
}

/** Resolves when no step is held by the worker any more. */
async function lostAll(world: World, workerName: string): Promise<void> {
  await eventually(`all leases of ${workerName} have run out`, async () => {
    const held = await world.rows(
      `SELECT FROM tasker.steps s JOIN tasker.workers w ON w.worker_id = s.worker_id
       WHERE s.state = 2 AND w.name = $1`,
      [workerName],
    );
    return held.length === 0;
  });
}

async function frozen(world: World): Promise<Figures> {
  // Stopped with answers in hand: some of a success, some of a failure.
  const victim = await world.worker({
    faultPoints: [{ statement: 'tasker_complete_steps', when: 'before', action: 'stop' }],
  });
  await world.submit(['lone', 'flaky', 'payment'], 9);
  await victim.told('struck');
  const stoppedAt = performance.now();
  const survivor = await world.worker({ workMs: 400 });
  await lostAll(world, 'worker-1');
  // Woken while others still run its steps, or after they have recorded theirs.
  const during = world.random.chance(0.5);
  if (!during) await world.settled();
  victim.signal('SIGCONT');
  const frozenMs = Math.round(performance.now() - stoppedAt);
  await world.settled();
  await eventually('the late answers have come', async () => (await refusedBy(victim)) > 0);
  const refused = await refusedBy(victim);
  promise((await victim.end()).code === 0, `the woken worker did not end in order:\n${victim.output}`);
  promise(/late answer/.test(victim.output), 'late answers were refused without a word in the log');
  promise((await refusedBy(survivor)) === 0, 'an answer in time was refused');
  return { frozen_ms: frozenMs, refused, woken_during: Number(during) };
}

async function blocked(world: World): Promise<Figures> {
  // The same step again elsewhere does not block: it is the process that was slow, not the step.
  const victim = await world.worker({
    blockMs: (LEASE_SECONDS + 2) * 1_000,
    settings: { maxConcurrency: 3 },
  });
  await world.submit(['blocking'], 3);
  await eventually('a handler blocks its process', () => world.history.read().length > 0);
  await world.worker();
  await world.settled();
  const [row] = await world.rows<{ lost: number }>(
    'SELECT sum(lost_count)::integer AS lost FROM tasker.steps',
  );
  const refused = await refusedBy(victim);
  promise((row?.lost ?? 0) > 0, 'no attempt was lost: the process was not blocked for long enough');
  promise((await victim.end()).code === 0, 'the blocked worker did not end in order');
  return { lost: row?.lost ?? 0, refused };
}

export const LATE_ANSWERS: readonly Scenario[] = [
  {
    number: 5,
    name: 'a worker stopped past its lease (SIGSTOP), then woken (SIGCONT)',
    promise: 'its late answers are refused, counted, logged; nothing changes',
    run: frozen,
  },
  {
    number: 6,
    name: 'event loop blocked longer than the lease by a synchronous handler',
    promise: 'never two recorded results',
    run: blocked,
  },
];
