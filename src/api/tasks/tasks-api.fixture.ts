import { Global, Module } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import request from 'supertest';

import { TaskClient } from '../../client/index.js';
import { NotFoundError, WaitTimeoutError } from '../../engine/errors.js';
import { isSettled, type SubmittedTask, type Task, type TaskRequest } from '../../engine/task.types.js';
import { configureHttp } from '../../http/index.js';
import { ApiModule } from '../index.js';

export const TASK_UUID = '0197a0de-0000-7000-8000-000000000001';
export const UNKNOWN_UUID = '0197a0de-ffff-7000-8000-000000000001';
export const REQUEST = { name: 'linear', namespace: 'demo', version: '1.0.0', context: { even_number: 6 } };

/** Remembers one task, in memory: what is tested here is the edge in front of it. */
export class OneTask implements Pick<TaskClient, 'submit' | 'get' | 'waitFor'> {
  readonly submitted: TaskRequest[] = [];
  readonly waits: AbortSignal[] = [];
  task = taskOf({ status: 'steps_in_process' });
  failure: unknown = null;

  reset(): void {
    this.submitted.length = 0;
    this.waits.length = 0;
    this.task = taskOf({ status: 'steps_in_process' });
    this.failure = null;
  }

  async submit(taskRequest: TaskRequest): Promise<SubmittedTask> {
    if (this.failure !== null) throw this.failure;
    this.submitted.push(taskRequest);
    this.task = { ...this.task, ...taskOf(taskRequest) };
    return { taskUuid: TASK_UUID, created: true };
  }

  async get(taskUuid: string): Promise<Task> {
    if (this.failure !== null) throw this.failure;
    if (taskUuid !== TASK_UUID) throw new NotFoundError(`Task not found: ${taskUuid}`);
    return this.task;
  }

  async waitFor(
    taskUuid: string,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<Task> {
    const task = await this.get(taskUuid);
    if (isSettled(task.status)) return task;
    if (signal) this.waits.push(signal);
    return new Promise((_, reject) => {
      const timer = setTimeout(() => reject(new WaitTimeoutError('still running')), timeoutMs);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
  }
}

/** The API on a port of its own, in front of one task. */
export class TasksApi {
  readonly port: number;

  private constructor(
    private readonly app: NestExpressApplication,
    readonly url: string,
    readonly tasks: OneTask,
  ) {
    this.port = Number(new URL(url).port);
  }

  static async start(): Promise<TasksApi> {
    const tasks = new OneTask();

    @Global()
    @Module({ providers: [{ provide: TaskClient, useValue: tasks }], exports: [TaskClient] })
    class ClientModule {}

    const nest = await Test.createTestingModule({ imports: [ClientModule, ApiModule] }).compile();
    const app = nest.createNestApplication<NestExpressApplication>({ bodyParser: false });
    configureHttp(app);
    await app.listen(0, '127.0.0.1');
    return new TasksApi(app, await app.getUrl(), tasks);
  }

  get(path: string) {
    return request(this.url).get(path);
  }

  post(body: string | object) {
    return request(this.url).post('/v1/tasks').set('Content-Type', 'application/json').send(body);
  }

  /** Submits the good request with some of its fields changed. */
  postWith(fields: object) {
    return this.post({ ...REQUEST, ...fields });
  }

  /** Sends bytes as they are, a stream of them in chunks. */
  async postBytes(body: Uint8Array<ArrayBuffer> | ReadableStream, encoding = 'identity') {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': encoding };
    const answer = await fetch(`${this.url}/v1/tasks`, { method: 'POST', headers, body, duplex: 'half' });
    return { status: answer.status, body: await answer.json() };
  }

  stop(): Promise<void> {
    return this.app.close();
  }
}

export function taskOf(fields: Partial<Task>): Task {
  const now = new Date();
  return {
    taskUuid: TASK_UUID,
    namespace: 'demo',
    name: 'linear',
    version: '1.0.0',
    status: 'pending',
    createdAt: now,
    updatedAt: now,
    completedAt: null,
    exceededLimit: null,
    context: {},
    initiator: 'unknown',
    sourceSystem: 'unknown',
    reason: 'unknown',
    priority: 0,
    tags: [],
    correlationId: TASK_UUID,
    parentCorrelationId: null,
    totalSteps: 0,
    pendingSteps: 0,
    inProgressSteps: 0,
    completedSteps: 0,
    failedSteps: 0,
    readySteps: 0,
    executionStatus: 'processing',
    recommendedAction: 'wait_for_completion',
    healthStatus: 'healthy',
    completionPercentage: 0,
    steps: [],
    ...fields,
  };
}

/** What `look` finds as soon as it finds something. */
export async function eventually<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
