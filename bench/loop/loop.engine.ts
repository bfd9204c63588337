import { randomUUID } from 'node:crypto';

import type { Client } from 'pg';
import { v7 as uuidV7 } from 'uuid';

import type { JsonValue } from '../../src/index.js';
import { SCHEMA_VERSION } from '../../src/database/index.js';
import { paced } from '../engines/index.js';
import type { Batch, BatchTimes, BenchEngine, PacedBatch } from '../engines/index.js';
import { operate, TASK_NUMBER, workload } from '../workloads/index.js';
import type { Operation, WorkloadName } from '../workloads/index.js';
import { BareLoop } from './bare-loop.js';
import type { LoopTemplates } from './loop.templates.js';
import { TaskEnds } from './task-ends.js';

const SUBMIT = {
  name: 'submit',
  text: 'SELECT outcome, task_uuid FROM tasker.submit_tasks($1) ORDER BY ordinal',
};
const CLAIM = { name: 'claim', text: 'SELECT * FROM tasker.claim_steps($1, $2, $3, $4, $5, $6)' };
const COMPLETE = {
  name: 'complete',
  text: 'SELECT * FROM tasker.complete_steps($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL, true)',
};
const RIGHT_TASKS = `SELECT count(*)::integer AS count
  FROM tasker.tasks t JOIN tasker.steps s ON s.task_uuid = t.task_uuid AND s.step_index = $2
  WHERE t.created_at >= $1 AND t.status = 2 AND s.state = 4 AND s.result::text = $3`;

const LEASE_SECONDS = 30;
const CHUNK = 1_000;

interface ClaimRow {
  readonly kind: 'claim';
  readonly task_uuid: string;
  readonly step_index: number;
  readonly attempt_token: string;
  readonly template_id: number;
  readonly name: string;
  readonly context: { readonly number: number };
  readonly inputs: Readonly<Record<string, JsonValue>> | null;
}

interface Summary {
  readonly settled: readonly string[] | null;
  readonly handed_parents: readonly number[] | null;
  readonly handed_indexes: readonly number[] | null;
  readonly handed_tokens: readonly number[] | null;
}

interface SummaryRow {
  readonly kind: 'summary';
  readonly detail: Summary;
}

export interface LoopConnections {
  /** Two of them: what ends while two calls are under way forms the next batch. */
  readonly loops: readonly Client[];
  readonly submitter: Client;
}

/** The service's SQL functions, called with the same batches by as little code as can call them. */
export class LoopEngine implements BenchEngine {
  private readonly ends = new TaskEnds();
  private readonly loop: BareLoop<ClaimRow>;
  private readonly operations: ReadonlyMap<string, Operation>;
  private lastRun: (Batch & { readonly since: Date }) | undefined;

  constructor(
    private readonly connections: LoopConnections,
    private readonly templates: LoopTemplates,
    private readonly batchSize: number,
  ) {
    this.operations = new Map(
      [...templates.ids].flatMap(([name, id]) =>
        workload(name).steps.map((step): [string, Operation] => [`${id}/${step.name}`, step.operation]),
      ),
    );
    this.loop = new BareLoop(connections.loops, {
      claim: (client) => this.claim(client),
      complete: (client, steps, results) => this.complete(client, steps, results),
      handle: (step) => this.handle(step),
    });
  }

  async run({ workload: name, tasks }: Batch): Promise<BatchTimes> {
    const since = new Date();
    const begin = performance.now();
    const allEnded = this.ends.all(tasks);
    for (let submitted = 0; submitted < tasks; submitted += CHUNK) {
      await this.submitTasks(name, Math.min(CHUNK, tasks - submitted));
      this.loop.wake();
    }
    const submitSeconds = (performance.now() - begin) / 1000;
    await allEnded;
    this.lastRun = { workload: name, tasks, since };
    return { seconds: (performance.now() - begin) / 1000, submitSeconds };
  }

  async check(): Promise<void> {
    if (this.lastRun === undefined) throw new Error('Nothing has been run');
    await this.assertRight(this.lastRun.workload, this.lastRun.tasks, this.lastRun.since);
  }

  async runAlone({ workload: name, tasks }: Batch): Promise<readonly number[]> {
    const since = new Date();
    const latencies: number[] = [];
    for (let task = 0; task < tasks; task += 1) {
      const begin = performance.now();
      await this.runTask(name);
      latencies.push(performance.now() - begin);
    }
    await this.assertRight(name, tasks, since);
    return latencies;
  }

  async runPaced({ workload: name, tasks, tasksPerSecond }: PacedBatch): Promise<readonly number[]> {
    const since = new Date();
    const latencies = await paced(tasks, tasksPerSecond, () => this.runTask(name));
    await this.assertRight(name, tasks, since);
    return latencies;
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    for (const client of [...this.connections.loops, this.connections.submitter]) await client.end();
  }

  private async runTask(name: WorkloadName): Promise<void> {
    const [taskUuid = ''] = await this.submitTasks(name, 1);
    this.loop.wake();
    await this.ends.of(taskUuid);
  }

  private async submitTasks(name: WorkloadName, count: number): Promise<readonly string[]> {
    const templateId = this.templates.ids.get(name);
    const tasks = Array.from({ length: count }, () => ({
      task_uuid: uuidV7(),
      template_id: templateId,
      context: { number: TASK_NUMBER },
      correlation_id: uuidV7(),
      unique_request: false,
      initiator: 'unknown',
      source_system: 'unknown',
      reason: 'unknown',
    }));
    const { rows } = await this.connections.submitter.query<{ outcome: string; task_uuid: string }>({
      ...SUBMIT,
      values: [JSON.stringify(tasks)],
    });
    return rows.map((row) => row.task_uuid);
  }

  private async claim(client: Client): Promise<readonly ClaimRow[]> {
    const { rows } = await client.query<ClaimRow | SummaryRow>({
      ...CLAIM,
      values: [
        this.templates.workerId,
        SCHEMA_VERSION,
        false,
        this.templateIds,
        tokens(this.batchSize),
        LEASE_SECONDS,
      ],
    });
    return rows.filter(isClaim);
  }

  private async complete(
    client: Client,
    steps: readonly ClaimRow[],
    results: readonly (number | string)[],
  ): Promise<readonly ClaimRow[]> {
    const claimTokens = tokens(this.batchSize);
    const { rows } = await client.query<ClaimRow | SummaryRow>({
      ...COMPLETE,
      values: [
        this.templates.workerId,
        SCHEMA_VERSION,
        false,
        steps.map((step) => step.task_uuid),
        steps.map((step) => step.step_index),
        steps.map((step) => step.attempt_token),
        steps.map(() => true),
        JSON.stringify(results),
        null,
        this.templateIds,
        claimTokens,
        LEASE_SECONDS,
      ],
    });
    const summary = summaryOf(rows);
    this.ends.ended(summary.settled ?? []);
    return [...rows.filter(isClaim), ...this.handed(summary, claimTokens, steps, results)];
  }

  /** Of what was handed over only places come back: the parents are among the steps that were completed. */
  private handed(
    { handed_parents, handed_indexes, handed_tokens }: Summary,
    claimTokens: readonly string[],
    steps: readonly ClaimRow[],
    results: readonly (number | string)[],
  ): readonly ClaimRow[] {
    if (handed_parents === null || handed_indexes === null || handed_tokens === null) return [];
    const places = byTask(steps);
    return handed_parents.map((ordinal, place) => {
      const parent = steps[ordinal - 1];
      const step_index = handed_indexes[place];
      const attempt_token = claimTokens[(handed_tokens[place] ?? 0) - 1];
      if (parent === undefined || step_index === undefined || attempt_token === undefined)
        throw new Error('A step was handed over without parents');
      const { task_uuid, template_id, context } = parent;
      const node = this.templates.graphs.get(template_id)?.[step_index];
      if (node === undefined) throw new Error(`Template ${template_id} has no step ${step_index}`);
      const inputs: Record<string, JsonValue> = {};
      for (const sibling of places.get(task_uuid) ?? []) {
        const { step_index: index, name } = steps[sibling] ?? parent;
        if (node.dependencies.includes(index)) inputs[name] = results[sibling] ?? null;
      }
      return {
        kind: 'claim',
        task_uuid,
        step_index,
        attempt_token,
        template_id,
        name: node.name,
        context,
        inputs,
      };
    });
  }

  private handle({ template_id, name, context, inputs }: ClaimRow): number | string {
    const operation = this.operations.get(`${template_id}/${name}`);
    if (operation === undefined) throw new Error(`There is no step ${name} in template ${template_id}`);
    return operate(operation, { number: context.number, results: inputs ?? {} });
  }

  private get templateIds(): readonly number[] {
    return [...this.templates.ids.values()];
  }

  private async assertRight(name: WorkloadName, tasks: number, since: Date): Promise<void> {
    const { steps, result } = workload(name);
    const { rows } = await this.connections.submitter.query<{ count: number }>(RIGHT_TASKS, [
      since,
      steps.length - 1,
      String(result),
    ]);
    if (rows[0]?.count !== tasks) throw new Error(`${rows[0]?.count} of ${tasks} tasks ended with ${result}`);
  }
}

function isClaim(row: ClaimRow | SummaryRow): row is ClaimRow {
  return row.kind === 'claim';
}

function summaryOf(rows: readonly (ClaimRow | SummaryRow)[]): Summary {
  const last = rows.at(-1);
  if (last?.kind !== 'summary') throw new Error('A call was answered without a summary');
  return last.detail;
}

function byTask(steps: readonly ClaimRow[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [place, { task_uuid }] of steps.entries()) {
    const siblings = places.get(task_uuid);
    if (siblings === undefined) places.set(task_uuid, [place]);
    else siblings.push(place);
  }
  return places;
}

function tokens(count: number): readonly string[] {
  return Array.from({ length: count }, () => randomUUID());
}
