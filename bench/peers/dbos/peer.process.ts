/** DBOS: a workflow of four steps, started in process, 50 at a time: faster than through its queue, which polls. */
import { DBOS } from '@dbos-inc/dbos-sdk';

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

const CONCURRENCY = 50;

const options = engineOptions();
const results = new PeerResults();
DBOS.setConfig({ name: 'bench', systemDatabaseUrl: options.databaseUrl, logLevel: 'error' });

const linear = DBOS.registerWorkflow(
  async (number: number): Promise<number> => {
    let value = number;
    for (const { name, run } of LINEAR_STEPS) value = await DBOS.runStep(async () => run(value), { name });
    return value;
  },
  { name: 'linear' },
);
await DBOS.launch();

async function runTask(): Promise<void> {
  const handle = await DBOS.startWorkflow(linear)(TASK_NUMBER);
  results.ended(await handle.getResult());
}

const peer: Peer = {
  submitMany: (tasks) => limited(tasks, options.concurrency ?? CONCURRENCY, runTask),
  runTask,
  stop: () => DBOS.shutdown(),
};
serveEngine(new PeerEngine(peer, results), options);
