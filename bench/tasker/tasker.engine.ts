import { setTimeout as delay } from 'node:timers/promises';

import type { TaskRequest, WorkerHandle } from '../../src/index.js';
import { Database } from '../../src/index.js';
import { WorkerStatistics } from '../../src/worker/index.js';
import { paced } from '../engines/index.js';
import type { Batch, BatchTimes, BenchEngine, PacedBatch } from '../engines/index.js';
import { namespaceName, TASK_NUMBER, VERSION, workload } from '../workloads/index.js';
import type { WorkloadName } from '../workloads/index.js';

/** Who submit one task at a time, at the same time. */
const SUBMITTERS = 10;

/** Tasks since a time that are complete with the right result of their last step. */
const RIGHT_TASKS = {
  name: 'bench_right_tasks',
  text: `SELECT count(*)::integer AS count
         FROM tasker.tasks t JOIN tasker.steps s ON s.task_uuid = t.task_uuid AND s.step_index = $2
         WHERE t.created_at >= $1 AND t.status = 2 AND s.state = 4 AND s.result::text = $3`,
};

/** The service itself: submits and waits through its `TaskClient`, runs steps as it always does. */
export class TaskerEngine implements BenchEngine {
  private readonly statistics: WorkerStatistics;
  private readonly database: Database;
  private requests = 0;
  private lastRun: (Batch & { readonly since: Date }) | undefined;

  constructor(
    private readonly worker: WorkerHandle,
    private readonly namespaces: number,
    /** How many queries this process has sent. */
    readonly queries: () => number,
  ) {
    this.statistics = worker.app.get(WorkerStatistics);
    this.database = worker.app.get(Database);
  }

  async run({ workload: name, tasks }: Batch): Promise<BatchTimes> {
    const since = new Date();
    const { steps, failures } = workload(name);
    const expected = this.statistics.succeeded + tasks * steps.length;
    const mayFail = this.statistics.failed + tasks * failures;
    const begin = performance.now();
    const { submitSeconds } = await this.submit({ workload: name, tasks });
    // Counted when the database has confirmed them.
    while (this.statistics.succeeded < expected) {
      if (this.statistics.failed > mayFail) throw new Error('Attempts have failed that were not to fail');
      await delay(2);
    }
    this.lastRun = { workload: name, tasks, since };
    return { seconds: (performance.now() - begin) / 1000, submitSeconds };
  }

  async check(): Promise<void> {
    if (this.lastRun === undefined) throw new Error('Nothing has been run');
    await this.assertRight(this.lastRun.workload, this.lastRun.tasks, this.lastRun.since);
  }

  async submit({ workload: name, tasks }: Batch): Promise<BatchTimes> {
    const begin = performance.now();
    const requests = Array.from({ length: tasks }, () => this.requestFor(name));
    for (const outcome of await this.worker.client.submitMany(requests)) {
      if ('error' in outcome) throw outcome.error;
    }
    const seconds = (performance.now() - begin) / 1000;
    return { seconds, submitSeconds: seconds };
  }

  async submitOneByOne({ workload: name, tasks }: Batch): Promise<BatchTimes> {
    let left = tasks;
    const begin = performance.now();
    const submitters = Array.from({ length: SUBMITTERS }, async () => {
      for (; left > 0; left -= 1) await this.worker.client.submit(this.requestFor(name));
    });
    await Promise.all(submitters);
    const seconds = (performance.now() - begin) / 1000;
    return { seconds, submitSeconds: seconds };
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

  stop(): Promise<void> {
    return this.worker.stop();
  }

  private async runTask(name: WorkloadName): Promise<void> {
    const { taskUuid } = await this.worker.client.submit(this.requestFor(name));
    const { status } = await this.worker.client.waitFor(taskUuid);
    if (status !== 'complete') throw new Error(`Task ${taskUuid} ended as ${status}`);
  }

  /** Of each namespace in turn. */
  private requestFor(name: WorkloadName): TaskRequest {
    this.requests += 1;
    const namespace = namespaceName(this.requests % this.namespaces);
    return { namespace, name, version: VERSION, context: { number: TASK_NUMBER } };
  }

  private async assertRight(name: WorkloadName, tasks: number, since: Date): Promise<void> {
    const { steps, result } = workload(name);
    const [row] = await this.database.query<{ count: number }>(RIGHT_TASKS, [
      since,
      steps.length - 1,
      String(result),
    ]);
    if (row?.count !== tasks) throw new Error(`${row?.count} of ${tasks} tasks ended with ${result}`);
  }
}
