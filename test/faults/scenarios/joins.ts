import { eventually } from '../world/eventually.js';
import type { World } from '../world/world.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

/** Three seeds make ten thousand. */
const TWINS = 3_400;
/** What four times the width may cost at most: "near-linear", with room for what a busy machine adds. */
const GROWTH_BOUND = 3 * 4;

async function twoParents(world: World): Promise<Figures> {
  // One step at a time each: the two parents of a task go to different workers, and end together.
  const one = { workMs: 0, settings: { maxConcurrency: 1 } };
  await Promise.all([world.worker(one), world.worker(one)]);
  const from = performance.now();
  await world.submit(['twins'], TWINS);
  await world.settled();
  const seconds = (performance.now() - from) / 1_000;
  const { joins, apart, close } = await world.row<{ joins: number; apart: number; close: number }>(
    `SELECT count(*)::integer AS joins,
            count(*) FILTER (WHERE l.worker_id <> r.worker_id)::integer AS apart,
            count(*) FILTER (WHERE l.worker_id <> r.worker_id
                             AND abs(extract(epoch FROM l.recorded_at - r.recorded_at)) < 0.010)::integer AS close
     FROM tasker.events j
     JOIN tasker.events l ON l.task_uuid = j.task_uuid AND l.step_index = 0 AND l.kind = 1
     JOIN tasker.events r ON r.task_uuid = j.task_uuid AND r.step_index = 1 AND r.kind = 1
     WHERE j.step_index = 2 AND j.kind = 1`,
  );
  const starts = world.history.read().filter(({ event, step }) => event === 'start' && step === 'join');
  promise(joins === TWINS, `${joins} joins were completed for ${TWINS} tasks`);
  promise(starts.length === TWINS, `${starts.length} joins were started for ${TWINS} tasks`);
  promise(apart > TWINS / 10, `only ${apart} joins had their parents on two workers`);
  return {
    joins,
    parents_on_two_workers: apart,
    within_10_ms: close,
    joins_per_second: Math.round(joins / seconds),
  };
}

/** Lets all branches of one wide task end together; how long it takes until the task has ended. */
async function joinMs(world: World, name: 'fan_250' | 'fan_1000', width: number): Promise<number> {
  const workers = world.running;
  const held = () => workers.reduce((sum, worker) => sum + worker.messages('holding').length, 0);
  const before = held();
  await world.submit([name], 1);
  await eventually('all branches hold', () => held() - before >= width);
  const from = performance.now();
  for (const worker of workers) worker.letGo();
  await world.settled();
  return Math.round(performance.now() - from);
}

async function fanIn(world: World): Promise<Figures> {
  const wide = { workMs: 0, settings: { maxConcurrency: 500 } };
  await Promise.all([world.worker(wide), world.worker(wide)]);
  // The first one warms everything up.
  await joinMs(world, 'fan_250', 250);
  const narrow = await joinMs(world, 'fan_250', 250);
  const broad = await joinMs(world, 'fan_1000', 1_000);
  const { deadlocks } = await world.row<{ deadlocks: number }>(
    'SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()',
  );
  const { unclean } = await world.row<{ unclean: number }>(
    'SELECT count(*)::integer AS unclean FROM tasker.events WHERE kind IN (2, 3, 4)',
  );
  promise(deadlocks === 0, `${deadlocks} deadlocks`);
  promise(unclean === 0, `${unclean} attempts failed or were lost`);
  promise(
    world.inTime(broad, GROWTH_BOUND * Math.max(narrow, 100)),
    `1,000 branches took ${broad} ms, 250 of them ${narrow} ms`,
  );
  return { branches_250_ms: narrow, branches_1000_ms: broad, deadlocks };
}

export const JOINS: readonly Scenario[] = [
  {
    number: 19,
    name: 'both parents of a join complete in the same instant on two workers, 10,000 times',
    promise: 'the join starts once',
    run: twoParents,
  },
  {
    number: 20,
    name: '1,000-way fan-in, all finishing together',
    promise: 'no deadlock, near-linear time',
    alone: true,
    run: fanIn,
  },
];
