/**
 * A worker in a process of its own, for tests that kill and stop it. What it is started with comes as JSON in LAB_WORKER;
 * it tells its parent what its handlers do, and its parent tells them when to go on.
 *
 * Handlers of namespace "lab": `record` writes a row of history; `hold` waits to be let go; `pay` writes to a ledger in the
 * step's transaction; `die` ends the process.
 */
import { once } from 'node:events';
import process from 'node:process';

import { Pool } from 'pg';

import { WorkerBootstrap } from '../../src/index.js';
import type { TaskSequenceStep, WorkerBootstrapConfig } from '../../src/index.js';
import { namespaceModule } from './workflows.js';

export type WorkerMessage =
  | { readonly event: 'ready'; readonly url: string | null }
  | { readonly event: 'handler'; readonly step: string; readonly taskUuid: string; readonly attempt: number };

const config: WorkerBootstrapConfig = JSON.parse(process.env['LAB_WORKER'] ?? '{}');
const pool = new Pool({ connectionString: config.settings?.databaseUrl, max: 2 });
pool.on('error', () => undefined);
// The process that started this one is gone.
process.on('disconnect', () => process.exit(3));

function tell(message: WorkerMessage): void {
  process.send?.(message);
}

function tellHandler({ task, workflowStep }: TaskSequenceStep): void {
  const { name, attempt } = workflowStep;
  tell({ event: 'handler', step: name, taskUuid: task.taskUuid, attempt });
}

async function remember({ task, workflowStep }: TaskSequenceStep): Promise<void> {
  const { name, attempt, lostCount } = workflowStep;
  await pool.query('INSERT INTO history VALUES ($1, $2, $3, $4, $5)', [
    task.taskUuid,
    name,
    attempt,
    lostCount,
    process.pid,
  ]);
}

const handlers = {
  async record(step: TaskSequenceStep) {
    await remember(step);
    return process.pid;
  },
  async hold(step: TaskSequenceStep) {
    await remember(step);
    tellHandler(step);
    const letGo = once(process, 'message', { signal: step.signal });
    await letGo;
    return process.pid;
  },
  async pay(step: TaskSequenceStep) {
    await step.transaction((client) => client.query('INSERT INTO ledger VALUES ($1)', [step.idempotencyKey]));
    tellHandler(step);
    return 'paid';
  },
  async die(step: TaskSequenceStep) {
    await remember(step);
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  },
};

const { url } = await WorkerBootstrap.bootstrap({
  logger: false,
  ...config,
  imports: [namespaceModule('lab', handlers)],
  handleSignals: true,
});
tell({ event: 'ready', url });
