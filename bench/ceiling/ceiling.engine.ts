import type { Client } from 'pg';

import type { JsonValue } from '../../src/index.js';
import { paced } from '../engines/index.js';
import type { Batch, BatchTimes, BenchEngine, PacedBatch } from '../engines/index.js';
import { BareLoop, TaskEnds } from '../loop/index.js';
import { operate, TASK_NUMBER } from '../workloads/index.js';
import type { Operation, Workload } from '../workloads/index.js';

const WORKFLOW_ID = 1;
const NAMESPACE = 'default';
const LEASE = '30 s';
const CHUNK = 1_000;
const SUBMIT = { name: 'submit', text: 'SELECT ceiling.submit($1, $2::jsonb[]) AS ids' };
const CLAIM = { name: 'claim', text: 'SELECT * FROM ceiling.claim($1, $2, $3)' };
const COMPLETE = {
  name: 'complete',
  text: 'SELECT * FROM ceiling.complete($1, $2, $3, $4::jsonb[], $5, $6, $7)',
};
const RIGHT_TASKS = 'SELECT count(*)::integer AS count FROM ceiling.tasks WHERE state = 3 AND output = $1';
const ADD_STEP = 'INSERT INTO ceiling.workflow_steps VALUES ($1, $2, $3, $4, $5)';

interface StepRow {
  readonly task_id: string;
  readonly step_index: number;
  readonly name: string;
  readonly attempt: number;
  readonly context: { readonly number: number };
  readonly inputs: Readonly<Record<string, JsonValue>> | null;
}

export interface CeilingConnections {
  readonly loops: readonly Client[];
  readonly submitter: Client;
  readonly listener: Client;
}

/** The minimal core of `ceiling.sql`, under a bare loop. It knows one workload. */
export class CeilingEngine implements BenchEngine {
  private readonly ends = new TaskEnds();
  private readonly loop: BareLoop<StepRow>;
  private readonly operations: ReadonlyMap<string, Operation>;
  private readonly output: string;
  private right = 0;
  private lastRun = 0;

  private constructor(
    private readonly connections: CeilingConnections,
    { steps, result }: Workload,
    private readonly batchSize: number,
  ) {
    this.operations = new Map(steps.map(({ name, operation }) => [name, operation]));
    this.output = JSON.stringify({ [steps.at(-1)?.name ?? '']: result });
    connections.listener.on('notification', ({ channel, payload = '' }) => {
      if (channel === 'ceiling_ready') this.loop.wake();
      else this.ends.ended(payload.split(','));
    });
    this.loop = new BareLoop(connections.loops, {
      claim: (client) => this.claim(client),
      complete: (client, rows, results) => this.complete(client, rows, results),
      handle: (row) => this.handle(row),
    });
  }

  static async start(
    connections: CeilingConnections,
    sql: string,
    work: Workload,
    batchSize: number,
  ): Promise<CeilingEngine> {
    const { submitter, listener } = connections;
    await submitter.query(sql);
    const indexOf = new Map(work.steps.map(({ name }, index) => [name, index]));
    for (const [index, { name, dependencies }] of work.steps.entries()) {
      const parents = dependencies.map((parent) => indexOf.get(parent));
      const children = work.steps.flatMap((step, child) => (step.dependencies.includes(name) ? [child] : []));
      await submitter.query(ADD_STEP, [WORKFLOW_ID, index, name, parents, children]);
    }
    await listener.query('LISTEN ceiling_ready');
    await listener.query('LISTEN ceiling_done');
    return new CeilingEngine(connections, work, batchSize);
  }

  async run({ tasks }: Batch): Promise<BatchTimes> {
    const allEnded = this.ends.all(tasks);
    const begin = performance.now();
    for (let submitted = 0; submitted < tasks; submitted += CHUNK) {
      await this.submitTasks(Math.min(CHUNK, tasks - submitted));
      this.loop.wake();
    }
    const submitSeconds = (performance.now() - begin) / 1000;
    await allEnded;
    this.lastRun = tasks;
    return { seconds: (performance.now() - begin) / 1000, submitSeconds };
  }

  async check(): Promise<void> {
    await this.assertRight(this.lastRun);
  }

  async runAlone({ tasks }: Batch): Promise<readonly number[]> {
    const latencies: number[] = [];
    for (let task = 0; task < tasks; task += 1) {
      const begin = performance.now();
      await this.runTask();
      latencies.push(performance.now() - begin);
    }
    await this.assertRight(tasks);
    return latencies;
  }

  async runPaced({ tasks, tasksPerSecond }: PacedBatch): Promise<readonly number[]> {
    const latencies = await paced(tasks, tasksPerSecond, () => this.runTask());
    await this.assertRight(tasks);
    return latencies;
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    const { loops, submitter, listener } = this.connections;
    for (const client of [...loops, submitter, listener]) await client.end();
  }

  private async runTask(): Promise<void> {
    const [taskId = ''] = await this.submitTasks(1);
    this.loop.wake();
    await this.ends.of(taskId);
  }

  private async submitTasks(count: number): Promise<readonly string[]> {
    const contexts = Array.from({ length: count }, () => JSON.stringify({ number: TASK_NUMBER }));
    const { rows } = await this.connections.submitter.query<{ ids: readonly string[] }>({
      ...SUBMIT,
      values: [WORKFLOW_ID, contexts],
    });
    return rows[0]?.ids ?? [];
  }

  private async claim(client: Client): Promise<readonly StepRow[]> {
    const { rows } = await client.query<StepRow>({ ...CLAIM, values: [NAMESPACE, this.batchSize, LEASE] });
    return rows;
  }

  private async complete(
    client: Client,
    steps: readonly StepRow[],
    results: readonly (number | string)[],
  ): Promise<readonly StepRow[]> {
    const { rows } = await client.query<StepRow>({
      ...COMPLETE,
      values: [
        steps.map((step) => step.task_id),
        steps.map((step) => step.step_index),
        steps.map((step) => step.attempt),
        results.map((result) => JSON.stringify(result)),
        LEASE,
        NAMESPACE,
        this.batchSize,
      ],
    });
    return rows;
  }

  private handle({ name, context, inputs }: StepRow): number | string {
    const operation = this.operations.get(name);
    if (operation === undefined) throw new Error(`There is no step ${name}`);
    return operate(operation, { number: context.number, results: inputs ?? {} });
  }

  private async assertRight(tasks: number): Promise<void> {
    const { rows } = await this.connections.submitter.query<{ count: number }>(RIGHT_TASKS, [this.output]);
    const right = rows[0]?.count ?? 0;
    const before = this.right;
    this.right = right;
    if (right - before !== tasks)
      throw new Error(`${right - before} of ${tasks} tasks ended with ${this.output}`);
  }
}
