import { expect } from '@jest/globals';

import type { Task, TaskSequenceStep, TaskStep, WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import type { LabWorker } from '../support/lab.js';
import { requestFor, workflow } from '../support/workflows.js';
import type { Workflow } from '../support/workflows.js';

export type Behaviour = (step: TaskSequenceStep) => unknown;

/** One attempt, two at once, one of a second, and one whose result has to have a total: each a single step "answer". */
export const once = workflow('once', { answer: {} });
export const twice = workflow('twice', { answer: { retry: { max_attempts: 2, backoff: 'none' } } });
export const impatient = workflow('impatient', { answer: { timeout_seconds: 1 } });
export const impatientTwice = workflow('impatient_twice', {
  answer: { timeout_seconds: 1, retry: { max_attempts: 2, backoff: 'none' } },
});
export const strict = workflow('strict', {
  answer: {
    result_schema: { type: 'object', required: ['total'], properties: { total: { type: 'number' } } },
  },
});

/** A worker whose one handler does, for each task, what the test says. */
export class Behaviours {
  private readonly behaviours = new Map<string, Behaviour>();

  private constructor(
    readonly lab: Lab,
    private readonly started: { worker?: WorkerHandle },
  ) {}

  /** @param prepare what is to be done to the database before the worker connects */
  static async start(
    options: Omit<LabWorker, 'handlers'> = {},
    prepare?: (lab: Lab) => Promise<unknown>,
  ): Promise<Behaviours> {
    const lab = await Lab.open(once, twice, impatient, impatientTwice, strict);
    await prepare?.(lab);
    const started: { worker?: WorkerHandle } = {};
    const all = new Behaviours(lab, started);
    started.worker = await lab.worker({
      ...options,
      handlers: { answer: (step) => all.run(step) },
    });
    return all;
  }

  get worker(): WorkerHandle {
    if (this.started.worker === undefined) throw new Error('The worker has not started');
    return this.started.worker;
  }

  private run(step: TaskSequenceStep): unknown {
    const name = step.context['behaviour'];
    return typeof name === 'string' ? this.behaviours.get(name)?.(step) : undefined;
  }

  async submit(of: Workflow, behaviour: Behaviour): Promise<string> {
    const name = `behaviour ${this.behaviours.size}`;
    this.behaviours.set(name, behaviour);
    return (await this.worker.client.submit(requestFor(of, { behaviour: name }))).taskUuid;
  }

  async settle(of: Workflow, behaviour: Behaviour): Promise<Task> {
    return this.worker.client.waitFor(await this.submit(of, behaviour));
  }

  /** The only step of a task that has settled. */
  async step(of: Workflow, behaviour: Behaviour): Promise<TaskStep> {
    const [step] = (await this.settle(of, behaviour)).steps;
    if (step === undefined) throw new Error('The task has no step');
    return step;
  }

  async expectFailure(of: Workflow, behaviour: Behaviour, code: string, message: RegExp): Promise<TaskStep> {
    const step = await this.step(of, behaviour);
    expect(step.state).toBe('error');
    expect(step.results?.metadata.error_code).toBe(code);
    expect(step.results?.error?.message).toMatch(message);
    return step;
  }

  /** No slot is lost, and the worker lives: more tasks than there are slots complete. Then everything ends. */
  async close(): Promise<void> {
    try {
      for (let round = 0; round < 4; round += 1) {
        expect(await this.settle(once, () => round)).toMatchObject({ status: 'complete' });
      }
    } finally {
      await this.lab.close();
    }
  }
}
