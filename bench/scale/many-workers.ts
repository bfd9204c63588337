import { setTimeout as delay } from 'node:timers/promises';

import { Client } from 'pg';

import { median } from '../measures/index.js';
import type { Measurements } from '../measures/index.js';
import { TASKER } from '../scenarios/contestants.js';
import type { Contestant, Contestants } from '../scenarios/contestants.js';
import { workload } from '../workloads/index.js';

export interface ManyWorkersPlan {
  readonly workers: number;
  readonly tasks: number;
  readonly pairs: number;
  readonly concurrency: number;
}

const UNFINISHED = 'SELECT count(*)::integer AS count FROM tasker.tasks WHERE status IN (0, 1)';
const LOOK_EVERY_MS = 20;

/** Several workers on one database beside one, each with the same number of slots in all. A process without workers submits. */
export async function measureManyWorkers(
  contestants: Contestants,
  plan: ManyWorkersPlan,
  measurements: Measurements,
): Promise<void> {
  const single = await startWorkers(contestants, 1, plan.concurrency);
  const several = await startWorkers(contestants, plan.workers, Math.ceil(plan.concurrency / plan.workers));
  const alone: number[] = [];
  const together: number[] = [];
  for (let pair = 0; pair <= plan.pairs; pair += 1) {
    const rates = [await drain(single, plan.tasks), await drain(several, plan.tasks)] as const;
    // The first pair only warms up.
    if (pair === 0) continue;
    alone.push(rates[0]);
    together.push(rates[1]);
  }
  const condition = `${plan.workers} workers`;
  measurements.add(TASKER, condition, 'steps_per_second', median(together), '1/s');
  const ratios = together.map((rate, pair) => rate / (alone[pair] ?? Number.NaN));
  measurements.add(TASKER, condition, 'steps_per_second_ratio_to_one_worker', median(ratios), 'ratio');
  for (const { submitter, workers } of [single, several]) {
    for (const { process } of [submitter, ...workers]) await process.stop();
  }
}

interface Group {
  readonly submitter: Contestant;
  readonly workers: readonly Contestant[];
}

async function startWorkers(contestants: Contestants, count: number, concurrency: number): Promise<Group> {
  const submitter = await contestants.start(TASKER, { settings: { role: 'api' } });
  const workers: Contestant[] = [];
  for (let worker = 1; worker <= count; worker += 1) {
    const settings = { role: 'worker', workerId: `bench-${worker}` } as const;
    workers.push(await contestants.startOn(submitter.database, { concurrency, settings }));
  }
  return { submitter, workers };
}

async function drain({ submitter }: Group, tasks: number): Promise<number> {
  const client = new Client({ connectionString: submitter.databaseUrl });
  await client.connect();
  try {
    const begin = performance.now();
    await submitter.process.submit({ workload: 'linear', tasks });
    for (;;) {
      const { rows } = await client.query<{ count: number }>(UNFINISHED);
      if (rows[0]?.count === 0) break;
      await delay(LOOK_EVERY_MS);
    }
    const seconds = (performance.now() - begin) / 1000;
    return (tasks * workload('linear').steps.length) / seconds;
  } finally {
    await client.end();
  }
}
