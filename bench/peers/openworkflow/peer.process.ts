/** openworkflow: a workflow of four steps, 30 at a time. Worker and result are polled for. */
import { OpenWorkflow } from 'openworkflow';
import { BackendPostgres } from 'openworkflow/postgres';

import {
  engineOptions,
  limited,
  LINEAR_STEPS,
  PeerEngine,
  PeerResults,
  serveEngine,
  TASK_NUMBER,
} from '../index.js';
import type { Peer } from '../index.js';

const CONCURRENCY = 30;

const options = engineOptions();
const results = new PeerResults();
const backend = await BackendPostgres.connect(options.databaseUrl);
const open = new OpenWorkflow({ backend });
const linear = open.defineWorkflow<number, number>({ name: 'linear' }, async ({ input, step }) => {
  let value = input;
  for (const { name, run } of LINEAR_STEPS) value = await step.run({ name }, () => run(value));
  results.ended(value);
  return value;
});
const worker = open.newWorker({ concurrency: options.concurrency ?? CONCURRENCY });
await worker.start();

const peer: Peer = {
  submitMany: (tasks) => limited(tasks, 10, () => linear.run(TASK_NUMBER)),
  async runTask() {
    const handle = await linear.run(TASK_NUMBER);
    await handle.result();
  },
  async stop() {
    await worker.stop();
    await backend.stop();
  },
};
serveEngine(new PeerEngine(peer, results), options);
