import { Logger } from '@nestjs/common';
import type { ReclaimedStep } from '../engine/index.js';
import { FieldLogger } from '../logging/index.js';
import { idsOf } from './attempt.log.js';

/** A worker that ran hundreds of steps must not fill the log: the steps past these are counted. */
const MOST_LINES = 100;
const CONTEXT = 'LeaseSweep';

/** Tells which steps were taken back from lost workers: a line a step, and a line a task that is blocked by it. */
export function logReclaimed(steps: readonly ReclaimedStep[]): void {
  // Those that ended in error first: they are not to be among the counted ones.
  const inOrder = steps.toSorted((left, right) => Number(right.failed) - Number(left.failed));
  for (const step of inOrder.slice(0, MOST_LINES)) logStep(step);
  if (steps.length > MOST_LINES)
    new Logger(CONTEXT).warn(`Took back ${steps.length - MOST_LINES} more steps of lost workers`);
  const blocked = new Set(steps.filter((step) => step.taskSettled).map((step) => step.taskUuid));
  for (const task_uuid of blocked)
    new FieldLogger(CONTEXT, { task_uuid }).warn(
      'Task is blocked: a step was lost with its worker too often, and nothing else of it can run',
    );
}

function logStep(step: ReclaimedStep): void {
  const { name, lostCount, worker, failed } = step;
  const logger = new FieldLogger(CONTEXT, {
    ...idsOf(step),
    step: name,
    lost_count: lostCount,
    worker_id: worker,
  });
  const what = `Step ${name} was lost with its worker ${worker ?? ''}`.trimEnd();
  if (failed) logger.error(`${what} for the ${ordinal(lostCount)} time, and failed for good: WORKER_LOST`);
  else logger.warn(`${what} for the ${ordinal(lostCount)} time, and is to run again`);
}

function ordinal(count: number): string {
  const teen = count % 100 >= 11 && count % 100 <= 13;
  return `${count}${teen ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')}`;
}
