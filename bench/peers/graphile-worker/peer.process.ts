/** graphile-worker: a step is a job, which adds the next one. Jobs come through a local queue of 500, completions go in batches. */
import { Logger, makeWorkerUtils, run } from 'graphile-worker';

import { engineOptions, LINEAR_STEPS, PeerEngine, PeerResults, serveEngine, TASK_NUMBER } from '../index.js';
import type { Peer } from '../index.js';

interface StepData {
  readonly step: number;
  readonly value: number;
}

function isStepData(payload: unknown): payload is StepData {
  return typeof payload === 'object' && payload !== null && 'step' in payload && 'value' in payload;
}

const CONCURRENCY = 50;

const options = engineOptions();
const results = new PeerResults();
const logger = new Logger(() => () => undefined);
const preset = {
  worker: {
    connectionString: options.databaseUrl,
    maxPoolSize: 12,
    concurrentJobs: options.concurrency ?? CONCURRENCY,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger,
  },
};

const utils = await makeWorkerUtils({ preset });
await utils.migrate();
const runner = await run({
  preset,
  taskList: {
    step: async (payload, helpers) => {
      if (!isStepData(payload)) throw new Error('The payload of a job is not what was added');
      const { step, value } = payload;
      const next = { step: step + 1, value: LINEAR_STEPS[step]?.run(value) ?? Number.NaN };
      if (next.step < LINEAR_STEPS.length) await helpers.addJob('step', next);
      else results.ended(next.value);
    },
  },
});

const FIRST: StepData = { step: 0, value: TASK_NUMBER };

const peer: Peer = {
  async submitMany(tasks) {
    for (let submitted = 0; submitted < tasks; submitted += 1_000) {
      const count = Math.min(1_000, tasks - submitted);
      await utils.addJobs(Array.from({ length: count }, () => ({ identifier: 'step', payload: FIRST })));
    }
  },
  async runTask() {
    await utils.addJob('step', FIRST);
  },
  async stop() {
    await runner.stop();
    await utils.release();
  },
};
serveEngine(new PeerEngine(peer, results), options);
