import request from 'supertest';

import { TaskWaiter } from '../../src/api/tasks/task.waiter.js';
import type { TaskRequest, WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import type { LabWorker } from '../support/lab.js';
import { Happening } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import type { Workflow } from '../support/workflows.js';

/** Its only step ends when it is let go. */
export const JOB = workflow('job', { wait: {} });
export const REQUEST = { ...requestFor(JOB), context: { even_number: 6 } };
export const UNKNOWN_UUID = '0197a0de-ffff-7000-8000-000000000001';

/** The service with its API on a port of its own, in front of a real engine and database. */
export class ApiLab {
  private letGo = new Happening();

  private constructor(
    readonly lab: Lab,
    readonly url: string,
    readonly worker: WorkerHandle,
  ) {}

  static async start(options: LabWorker = {}, ...workflows: readonly Workflow[]): Promise<ApiLab> {
    const lab = await Lab.open(JOB, ...workflows);
    const wait = { current: (): Promise<void> => Promise.resolve() };
    const { handlers, ...config } = options;
    const worker = await lab.worker({
      enableWebApi: true,
      handlers: { ...handlers, wait: () => wait.current().then(() => 'done') },
      ...config,
    });
    const api = new ApiLab(lab, worker.url ?? '', worker);
    wait.current = () => api.letGo.happened;
    return api;
  }

  /** How many requests wait for the end of a task. */
  get openWaits(): number {
    return this.worker.app.get(TaskWaiter).open;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get(path: string) {
    return request(this.url).get(path);
  }

  post(body: string | object, path = '/v1/tasks') {
    return request(this.url).post(path).set('Content-Type', 'application/json').send(body);
  }

  /** Submits the good request with some of its fields changed. */
  postWith(fields: object) {
    return this.post({ ...REQUEST, ...fields });
  }

  patch(path: string, body: string | object) {
    return request(this.url).patch(path).set('Content-Type', 'application/json').send(body);
  }

  delete(path: string) {
    return request(this.url).delete(path);
  }

  /** Submits a task whose step is at work until `finishJobs`. */
  async job(fields: Partial<TaskRequest> = {}): Promise<string> {
    const answer = await this.postWith(fields).expect(200);
    return answer.body.task_uuid;
  }

  /** Lets the steps end that are at work now; those that come later wait again. */
  finishJobs(): void {
    const { letGo } = this;
    this.letGo = new Happening();
    letGo.happen();
  }

  /** Sends bytes as they are, a stream of them in chunks. */
  async postBytes(body: Uint8Array<ArrayBuffer> | ReadableStream, encoding = 'identity') {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': encoding };
    const answer = await fetch(`${this.url}/v1/tasks`, { method: 'POST', headers, body, duplex: 'half' });
    return { status: answer.status, body: await answer.json() };
  }

  async countTasks(): Promise<number> {
    const [row] = await this.lab.rows<{ count: number }>(
      'SELECT count(*)::integer AS count FROM tasker.tasks',
    );
    return row?.count ?? -1;
  }

  async stop(): Promise<void> {
    this.finishJobs();
    await this.lab.close();
  }
}
