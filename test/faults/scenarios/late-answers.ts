import { InvalidStateError } from '../../../src/index.js';
import { eventually } from '../world/eventually.js';
import type { FaultWorker } from '../world/fault-worker.js';
import { LEASE_SECONDS } from '../world/world.js';
import type { World } from '../world/world.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

const CANCELLED = 4;
const COMPLETE = 2;

/** Reports of this worker that the engine refused because they came too late. */
async function refusedBy(worker: FaultWorker): Promise<number> {
  return (await worker.statistics()).refused;
}

/** Resolves when no step is held by the worker any more. */
async function lostAll(world: World, worker: FaultWorker): Promise<void> {
  await eventually(`all leases of ${worker.name} have run out`, async () => {
    const held = await world.rows(
      `SELECT FROM tasker.steps s JOIN tasker.workers w ON w.worker_id = s.worker_id
       WHERE s.state = 2 AND w.name = $1`,
      [worker.name],
    );
    return held.length === 0;
  });
}

async function frozen(world: World): Promise<Figures> {
  // Stopped with answers in hand: some of a success, some of a failure.
  const victim = await world.worker({ faultPoints: [{ at: 'complete', when: 'before', action: 'stop' }] });
  await world.submit(['lone', 'flaky', 'payment'], 9);
  await victim.told('struck');
  const stoppedAt = performance.now();
  const survivor = await world.worker({ workMs: 400 });
  await lostAll(world, victim);
  // Woken while others still run its steps, or after they have recorded theirs.
  const during = world.seed % 2 === 1;
  if (!during) await world.settled();
  victim.signal('SIGCONT');
  const frozenMs = Math.round(performance.now() - stoppedAt);
  await world.settled();
  await eventually('the late answers have come', async () => (await refusedBy(victim)) > 0);
  const refused = await refusedBy(victim);
  promise(/late answer/.test(victim.output), 'late answers were refused without a word in the log');
  promise((await refusedBy(survivor)) === 0, 'an answer in time was refused');
  const end = await victim.end();
  promise(end.code === 0, `the woken worker did not end in order:\n${victim.output}`);
  return { frozen_ms: frozenMs, refused, woken_during: Number(during) };
}

async function blocked(world: World): Promise<Figures> {
  // The same step again elsewhere does not block: it is the process that was slow, not the step.
  const survivor = await world.standIn();
  const victim = await world.worker({
    blockMs: (LEASE_SECONDS + 4) * 1_000,
    settings: { maxConcurrency: 3 },
  });
  await world.submit(['blocking'], 3);
  await eventually('a handler blocks its process', () => world.history.read().length > 0);
  survivor.signal('SIGCONT');
  await world.settled();
  const { lost } = await world.row<{ lost: number }>(
    'SELECT sum(lost_count)::integer AS lost FROM tasker.steps',
  );
  const refused = await refusedBy(victim);
  promise(lost > 0, 'no attempt was lost: the process was not blocked for long enough');
  const end = await victim.end();
  promise(end.code === 0, 'the blocked worker did not end in order');
  return { lost, refused };
}

async function cancelledAtTheEnd(world: World): Promise<Figures> {
  const workers = [await world.worker(), await world.worker()];
  const held = await world.submit(['held'], 20);
  await eventually('all handlers hold', () => {
    const holding = workers.reduce((sum, worker) => sum + worker.messages('holding').length, 0);
    return holding >= held.length;
  });
  // The last steps end, and their tasks are cancelled, in the same moment; now one is first, now the other.
  const cancels = world.random.shuffled(held).map(async (taskUuid, place) => {
    await new Promise((resolve) => setTimeout(resolve, place * 2));
    try {
      await world.client.cancel(taskUuid, { reason: 'to see who is first', by: 'the bench' });
    } catch (error) {
      if (!(error instanceof InvalidStateError)) throw error;
    }
  });
  await new Promise((resolve) => setTimeout(resolve, world.random.below(25)));
  for (const worker of workers) worker.letGo();
  await Promise.all(cancels);
  // For these the answers come after the task has ended: the handlers learn nothing until their lease is extended.
  const late = await world.submit(['held'], 10);
  await eventually('all late handlers hold', () => {
    const holding = workers.reduce((sum, worker) => sum + worker.messages('holding').length, 0);
    return holding >= held.length + late.length;
  });
  await Promise.all(late.map((taskUuid) => world.client.cancel(taskUuid)));
  for (const worker of workers) worker.letGo();
  await world.settled();
  const states = 'SELECT task_uuid, status FROM tasker.tasks ORDER BY task_uuid';
  const before = await world.rows<{ task_uuid: string; status: number }>(states);
  await eventually('no worker has anything to report any more', async () => {
    const ended = world.history.read().filter(({ event }) => event === 'end');
    return ended.length >= held.length + late.length;
  });
  for (const worker of workers) await worker.end();
  const after = await world.rows<{ task_uuid: string; status: number }>(states);
  promise(JSON.stringify(before) === JSON.stringify(after), 'a task that had ended changed afterwards');
  const cancelled = after.filter(({ status }) => status === CANCELLED).length;
  const complete = after.filter(({ status }) => status === COMPLETE).length;
  promise(cancelled + complete === held.length + late.length, 'a task ended otherwise');
  promise(cancelled >= late.length, 'a late answer ended a cancelled task');
  return { cancelled, complete };
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
  {
    number: 21,
    name: 'the last step completes while the task is cancelled',
    promise: 'one terminal state, and it stays',
    run: cancelledAtTheEnd,
  },
];
