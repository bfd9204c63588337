import type { World } from '../world/world.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

const TEN_MINUTES_MS = 600_000;
/** What is due is started this soon on the slowest machine; a clock that is ten minutes off would show. */
const LATE_BOUND_MS = 30_000;

async function wrongClock(world: World): Promise<Figures> {
  const shiftMs = world.seed % 2 === 0 ? TEN_MINUTES_MS : -TEN_MINUTES_MS;
  await Promise.all([world.worker({ clockShiftMs: shiftMs, workMs: 200 }), world.worker({ workMs: 200 })]);
  await world.submit(['patient', 'slow', 'chain', 'payment'], 40);
  await world.settled();
  const { early, latest } = await world.row<{ early: number; latest: number }>(
    `SELECT count(*) FILTER (WHERE ms < 0)::integer AS early, max(ms)::integer AS latest
     FROM (
       SELECT extract(epoch FROM e.started_at - lag(e.recorded_at) OVER w) * 1000 - lag(e.retry_delay_ms) OVER w AS ms
       FROM tasker.events e WHERE e.step_index IS NOT NULL
       WINDOW w AS (PARTITION BY e.task_uuid, e.step_index ORDER BY e.event_id)
     ) retry WHERE ms IS NOT NULL`,
  );
  const { lost } = await world.row<{ lost: number }>(
    'SELECT sum(lost_count)::integer AS lost FROM tasker.steps',
  );
  promise(early === 0, `${early} retries started before they were due`);
  promise(world.inTime(latest, LATE_BOUND_MS), `a retry started ${latest} ms after it was due`);
  promise(lost === 0, `${lost} leases ran out`);
  return { shift_ms: shiftMs, latest_retry_ms: latest };
}

export const CLOCKS: readonly Scenario[] = [
  {
    number: 24,
    name: 'a process’s clock is 10 minutes off',
    promise: 'nothing early, nothing late',
    run: wrongClock,
  },
];
