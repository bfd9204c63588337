import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { v7 as uuidV7 } from 'uuid';

import { TaskClient } from '../../src/index.js';
import type { JsonObject, StepExecutionEnvelope, WorkerHandle } from '../../src/index.js';
import { Engine, TemplateCatalog } from '../../src/engine/index.js';
import type { NewTask } from '../../src/engine/index.js';
import { WORKFLOW_MODULES } from '../../src/workflows/index.js';
import { ask } from '../support/http.js';
import type { HttpAnswer } from '../support/http.js';
import { Lab } from '../support/lab.js';

jest.setTimeout(120_000);

const SEQUENCE = { namespace: 'linear_workflow', name: 'mathematical_sequence', version: '1.0.0' };

interface TaskAnswer {
  readonly task_uuid: string;
  readonly status: string;
  readonly total_steps: number;
  readonly completed_steps: number;
  readonly steps: readonly { readonly name: string; readonly current_state: string }[];
}

interface StepAnswer {
  readonly name: string;
  readonly current_state: string;
  readonly results: StepExecutionEnvelope;
}

let lab: Lab;
let worker: WorkerHandle;

beforeAll(async () => {
  lab = await Lab.open();
  worker = await lab.worker({
    imports: WORKFLOW_MODULES,
    enableWebApi: true,
    settings: { templatePaths: ['config/tasks'] },
  });
});

afterAll(() => lab.close());

function api<Body>(path: string, body?: unknown): Promise<HttpAnswer<Body>> {
  return ask<Body>(worker.url ?? '', path, body);
}

async function run(context: JsonObject): Promise<{ task: TaskAnswer; steps: readonly StepAnswer[] }> {
  const created = await api<TaskAnswer>('/v1/tasks', { ...SEQUENCE, context });
  expect(created).toMatchObject({ status: 200, body: { total_steps: 4 } });
  const path = `/v1/tasks/${created.body.task_uuid}`;
  const { body: task } = await api<TaskAnswer>(`${path}?wait_seconds=60`);
  const { body: steps } = await api<readonly StepAnswer[]>(`${path}/workflow_steps`);
  return { task, steps };
}

/** As a task comes in that no `input_schema` has seen. */
async function submitUnchecked(context: JsonObject): Promise<string> {
  const template = worker.app.get(TemplateCatalog).find(SEQUENCE.namespace, SEQUENCE.name, SEQUENCE.version);
  if (template === undefined) throw new Error('The template is not registered');
  const task: NewTask = {
    task_uuid: uuidV7(),
    template_id: template.templateId,
    context,
    correlation_id: uuidV7(),
    initiator: 'test',
    source_system: 'test',
    reason: 'test',
  };
  const [answer] = await worker.app.get(Engine).submit([JSON.stringify(task)]);
  if (answer === undefined) throw new Error('The task was not stored');
  return answer.taskUuid;
}

describe('The linear workflow', () => {
  it('makes 69 of 6, in four steps that each say how', async () => {
    const { task, steps } = await run({ even_number: 6 });
    expect(task).toMatchObject({
      status: 'complete',
      total_steps: 4,
      completed_steps: 4,
      pending_steps: 0,
      failed_steps: 0,
      completion_percentage: 100,
      execution_status: 'all_complete',
      health_status: 'healthy',
    });
    expect(steps.map(({ name }) => name)).toEqual([
      'linear_step_1',
      'linear_step_2',
      'linear_step_3',
      'linear_step_4',
    ]);
    expect(steps.map(({ results }) => results.result)).toEqual([36, 46, 138, 69]);
    expect(steps.map(({ results }) => results.metadata.custom['operation'])).toEqual([
      'square',
      'add',
      'multiply',
      'divide',
    ]);
    expect(steps[3]?.results.metadata.custom['workflow_summary']).toEqual({
      final_result: 69,
      step_progression: { linear_step_1: 36, linear_step_2: 46, linear_step_3: 138, linear_step_4: 69 },
      total_steps_executed: 4,
    });
  });

  it('gives each step’s result a complete envelope', async () => {
    const { steps } = await run({ even_number: 2 });
    const text: unknown = expect.any(String);
    for (const { current_state: state, results } of steps) {
      expect(state).toBe('complete');
      expect(results).toEqual({
        step_uuid: text,
        success: true,
        result: expect.any(Number),
        status: 'completed',
        error: null,
        metadata: {
          execution_time_ms: expect.any(Number),
          handler_version: null,
          retryable: false,
          completed_at: text,
          worker_id: text,
          worker_hostname: text,
          started_at: text,
          custom: expect.objectContaining({ step_type: text, input_refs: expect.any(Object) }),
          error_code: null,
          error_type: null,
          context: {},
        },
        orchestration_metadata: { headers: {}, error_context: null, backoff_hint: null, custom: {} },
      });
    }
  });

  it.each([
    [8, 111],
    [10, 165],
    [2, 21],
    [100, 15_015],
  ])('makes of %i %i', async (even, expected) => {
    const { steps } = await run({ even_number: even });
    expect(steps[3]?.results.result).toBe(expected);
  });

  it('runs 100 tasks at once, and each comes out right', async () => {
    const evens = Array.from({ length: 100 }, (_, index) => 2 * ((index % 50) + 1));
    const client = worker.app.get(TaskClient);
    const results = await Promise.all(
      evens.map(async (even) => {
        const { taskUuid } = await client.submit({
          ...SEQUENCE,
          context: { even_number: even, run: 'many' },
        });
        const { steps } = await client.waitFor(taskUuid);
        return steps[3]?.results?.result;
      }),
    );
    expect(results).toEqual(evens.map((even) => ((even ** 2 + 10) * 3) / 2));
  });

  it.each([
    ['an odd number', { even_number: 7 }],
    ['no number', {}],
    ['a text', { even_number: '6' }],
    ['a fraction', { even_number: 6.5 }],
    ['too large a number', { even_number: 102 }],
    ['zero', { even_number: 0 }],
  ])('refuses %s, naming the field', async (_, context) => {
    const { status, body } = await api<unknown>('/v1/tasks', { ...SEQUENCE, context });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: {
        code: 'BAD_REQUEST',
        details: expect.arrayContaining([expect.objectContaining({ path: 'context.even_number' })]),
      },
    });
  });

  it.each([
    ['no number', {}, 'MISSING_CONTEXT_FIELD', /even_number/],
    ['an odd number', { even_number: 7 }, 'VALIDATION_ERROR', /^Number must be even$/],
  ])('fails in its first step on %s that came in another way', async (_, context, code, message) => {
    const task = await worker.client.waitFor(await submitUnchecked(context));
    expect(task).toMatchObject({ status: 'blocked_by_failures', failedSteps: 1, completedSteps: 0 });
    const [first, second] = task.steps;
    expect(first).toMatchObject({
      state: 'error',
      attempts: 1,
      retryEligible: false,
      results: {
        success: false,
        status: 'error',
        metadata: { error_code: code, error_type: 'ValidationError', retryable: false },
        error: { error_type: 'ValidationError', retryable: false },
      },
    });
    expect(first?.results?.error?.message).toMatch(message);
    expect(second?.state).toBe('pending');
  });
});
