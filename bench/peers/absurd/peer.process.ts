/** absurd: a task of four steps, 50 at a time, looked for every 10 ms. Its tables are made by absurdctl. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { Absurd } from 'absurd-sdk';

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
const POLL_SECONDS = 0.01;

const options = engineOptions();
const results = new PeerResults();
await promisify(execFile)('absurdctl', ['init', '-d', options.databaseUrl]);

const app = new Absurd({ db: options.databaseUrl, log: { log() {}, info() {}, warn() {}, error() {} } });
await app.createQueue('default');
app.registerTask<{ number: number }, number>({ name: 'linear' }, async ({ number }, context) => {
  let value = number;
  for (const { name, run } of LINEAR_STEPS) value = await context.step(name, async () => run(value));
  results.ended(value);
  return value;
});
const worker = await app.startWorker({
  concurrency: options.concurrency ?? CONCURRENCY,
  pollInterval: POLL_SECONDS,
});

const peer: Peer = {
  submitMany: (tasks) => limited(tasks, 10, () => app.spawn('linear', { number: TASK_NUMBER })),
  async runTask() {
    const { taskID } = await app.spawn('linear', { number: TASK_NUMBER });
    await app.awaitTaskResult(taskID, { timeout: 30 });
  },
  async stop() {
    await worker.close();
    await app.close();
  },
};
serveEngine(new PeerEngine(peer, results), options);
