/**
 * pg-boss: a step is a job, which adds the next one before it is completed. In bulk two loops fetch 500 jobs at a time; a lone
 * task's jobs wake a worker by LISTEN.
 */
import { setTimeout as delay } from 'node:timers/promises';

import { PgBoss } from 'pg-boss';

import { engineOptions, LINEAR_STEPS, PeerEngine, PeerResults, serveEngine, TASK_NUMBER } from '../index.js';
import type { Peer } from '../index.js';

const BULK = 'bulk';
const ALONE = 'alone';
const FETCH = 500;
const LOOPS = 2;
const IDLE_MS = 20;

interface StepData {
  readonly step: number;
  readonly value: number;
}

const options = engineOptions();
const results = new PeerResults();
const boss = new PgBoss({ connectionString: options.databaseUrl, useListenNotify: true, max: 10 });
boss.on('error', (error) => process.stderr.write(`pg-boss: ${String(error)}\n`));
await boss.start();
await boss.createQueue(BULK);
await boss.createQueue(ALONE, { notify: true });

/** The next job's data; null after the last step. */
function advance({ step, value }: StepData): StepData | null {
  const next = { step: step + 1, value: LINEAR_STEPS[step]?.run(value) ?? Number.NaN };
  if (next.step < LINEAR_STEPS.length) return next;
  results.ended(next.value);
  return null;
}

const stopping = new AbortController();

async function loop(): Promise<void> {
  while (!stopping.signal.aborted) {
    const jobs = await boss.fetch<StepData>(BULK, { batchSize: FETCH });
    if (jobs.length === 0) {
      await delay(IDLE_MS);
      continue;
    }
    const next = jobs.flatMap(({ data }) => advance(data) ?? []);
    if (next.length > 0)
      await boss.insert(
        BULK,
        next.map((data) => ({ data })),
      );
    await boss.complete(
      BULK,
      jobs.map(({ id }) => id),
    );
  }
}

const loops = Array.from({ length: LOOPS }, loop);
await boss.work<StepData>(ALONE, { batchSize: FETCH, pollingIntervalSeconds: 0.5 }, async (jobs) => {
  for (const { data } of jobs) {
    const next = advance(data);
    if (next !== null) await boss.send(ALONE, next);
  }
});

const FIRST: StepData = { step: 0, value: TASK_NUMBER };

const peer: Peer = {
  async submitMany(tasks) {
    for (let submitted = 0; submitted < tasks; submitted += 1_000) {
      const count = Math.min(1_000, tasks - submitted);
      await boss.insert(
        BULK,
        Array.from({ length: count }, () => ({ data: FIRST })),
      );
    }
  },
  async runTask() {
    await boss.send(ALONE, FIRST);
  },
  async stop() {
    stopping.abort();
    await Promise.all(loops);
    await boss.stop({ graceful: false });
  },
};
serveEngine(new PeerEngine(peer, results), options);
