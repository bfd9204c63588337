import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { PermanentStepError, RetryableStepError } from '../../src/index.js';
import { LifecycleEnforcer } from '../../src/worker/index.js';
import { ApiLab, REQUEST, UNKNOWN_UUID } from '../api/api-lab.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import { expectContract } from './contract.js';

const RETRIES = { max_attempts: 3, backoff: 'linear', backoff_base_ms: 3_600_000, max_backoff_ms: 3_600_000 };
const good = workflow('good', { give: {}, take: { dependencies: ['give'] } });
const bad = workflow('bad', {
  break: {
    result_schema: { type: 'object', required: ['total'], properties: { total: { type: 'number' } } },
  },
  after: { handler: { callable: 'take' }, dependencies: ['break'] },
});
const later = workflow('later', { wait_for_it: { handler: { callable: 'later' }, retry: RETRIES } });
const strict = workflow('strict', { give: {} }, { identity_strategy: 'strict' });
const patient = workflow('patient', { wait_long: { retry: RETRIES } });
const overdue = workflow(
  'overdue',
  { wait_for_it: { handler: { callable: 'later' }, retry: RETRIES } },
  { lifecycle: { max_duration_minutes: 10 } },
);
const rich = workflow(
  'rich',
  {
    give: {
      description: 'Gives',
      system_dependency: 'shop',
      handler: { callable: 'give', initialization: { cents: 1 } },
      retry: { max_attempts: 0, backoff: 'none' },
      result_schema: { type: 'object' },
      publishes_events: ['given', { name: 'gave.up', condition: 'failure', delivery_mode: 'fast' }],
    },
  },
  {
    description: 'Has every key',
    metadata: { author: 'ada', tags: ['a'], created_at: '2026-01-31', updated_at: '2026-01-31T12:00:00Z' },
    system_dependencies: { secondary: ['bank'] },
    input_schema: { type: 'object' },
    lifecycle: { max_duration_minutes: 5 },
    domain_events: [{ name: 'given', schema: { type: 'object' } }, { name: 'gave.up' }],
    environments: {
      development: { steps: [{ name: 'ALL', timeout_seconds: 7, retry: { max_attempts: 2 } }] },
      test: null,
    },
  },
);
const keyed = workflow('keyed', { give: {} }, { identity_strategy: 'caller_provided' });

let api: ApiLab;

beforeAll(async () => {
  api = await ApiLab.start(
    {
      handlers: {
        give: () => ({ given: [1, null, 'x'] }),
        take: () => 'taken',
        break: () => {
          throw new PermanentStepError('It is broken', {
            errorCode: 'BROKEN',
            errorType: 'Breakage',
            statusCode: 402,
            context: { part: 7 },
          });
        },
        wait_long: () => {
          throw new RetryableStepError('In a thousand years', { retryAfterSeconds: 31_536_000_000 });
        },
        later: () => {
          throw new RetryableStepError('Not now', { statusCode: 70_000 });
        },
      },
    },
    good,
    bad,
    later,
    strict,
    keyed,
    rich,
    overdue,
    patient,
  );
});

afterAll(() => api.stop());

/** A task that has come as far as it comes. */
async function settled(of: typeof good, status: string): Promise<string> {
  const { body } = await api.post(requestFor(of)).expect(200);
  return until(`the task is ${status}`, async () => {
    const answer = await api.get(`/v1/tasks/${body.task_uuid}`).expect(200);
    return answer.body.status === status && answer.body.task_uuid;
  });
}

/** A step in error, and its path. */
async function brokenStep(): Promise<{ uuid: string; path: string }> {
  const uuid = await settled(bad, 'blocked_by_failures');
  const { body: steps } = await api.get(`/v1/tasks/${uuid}/workflow_steps`);
  return { uuid, path: `/v1/tasks/${uuid}/workflow_steps/${steps[0].step_uuid}` };
}

/** Every answer about a task, held against the contract. */
async function expectReadable(uuid: string): Promise<readonly { step_uuid: string; name: string }[]> {
  const task = await api.get(`/v1/tasks/${uuid}`).expect(200);
  expectContract('TaskResponse', task.body);
  const steps = await api.get(`/v1/tasks/${uuid}/workflow_steps`).expect(200);
  expectContract('TaskSteps', steps.body);
  expect(task.body.steps).toHaveLength(steps.body.length);
  for (const { step_uuid } of steps.body) {
    const path = `/v1/tasks/${uuid}/workflow_steps/${step_uuid}`;
    expectContract('StepResponse', (await api.get(path).expect(200)).body);
    expectContract('StepAudit', (await api.get(`${path}/audit`).expect(200)).body);
  }
  const summary = await api.get(`/v1/tasks/${uuid}/summary`).expect(200);
  expectContract('TaskSummary', summary.body);
  expect(summary.body).toMatchObject({
    task_uuid: uuid,
    status: task.body.status,
    task: { task_uuid: uuid, status: task.body.status, total_steps: task.body.total_steps },
    links: { task: `/v1/tasks/${uuid}`, steps: `/v1/tasks/${uuid}/workflow_steps`, dlq: '/v1/dlq' },
  });
  return steps.body;
}

describe('Answers about a task', () => {
  it('that is complete', async () => {
    const uuid = await settled(good, 'complete');
    const [give] = await expectReadable(uuid);
    const { body: task } = await api.get(`/v1/tasks/${uuid}`);
    expect(task).toMatchObject({
      execution_status: 'all_complete',
      recommended_action: 'finalize_task',
      completion_percentage: 100,
    });
    const { body: audit } = await api.get(`/v1/tasks/${uuid}/workflow_steps/${give?.step_uuid}/audit`);
    expect(audit).toMatchObject([
      {
        success: true,
        from_state: 'in_progress',
        to_state: 'enqueued_for_orchestration',
        result: { result: { given: [1, null, 'x'] } },
      },
    ]);
    const { body: summary } = await api.get(`/v1/tasks/${uuid}/summary`);
    expect(summary.results).toEqual({ give: { given: [1, null, 'x'] }, take: 'taken' });
    expect(summary).toMatchObject({
      template: {
        steps: [
          { name: 'give', step_type: 'standard', handler: 'give', dependencies: [], retryable: true },
          { name: 'take', handler: 'take', dependencies: ['give'], max_attempts: 1 },
        ],
      },
      steps: [
        { name: 'give', completed_at: expect.any(String), error: null },
        { name: 'take', dependencies_satisfied: true, retry_eligible: false, error: null },
      ],
      dlq: { in_dlq: false, dlq_reason: null, resolution_status: null },
    });
  });

  it('that is blocked by a failure', async () => {
    const uuid = await settled(bad, 'blocked_by_failures');
    const [broken] = await expectReadable(uuid);
    const { body: task } = await api.get(`/v1/tasks/${uuid}`);
    expect(task).toMatchObject({
      execution_status: 'blocked_by_failures',
      recommended_action: 'handle_failures',
      health_status: 'blocked',
      failed_steps: 1,
      pending_steps: 1,
    });
    const { body: audit } = await api.get(`/v1/tasks/${uuid}/workflow_steps/${broken?.step_uuid}/audit`);
    expect(audit).toMatchObject([
      { success: false, from_state: 'in_progress', to_state: 'enqueued_as_error_for_orchestration' },
    ]);
    const { body: summary } = await api.get(`/v1/tasks/${uuid}/summary`);
    expect(summary.explanation).toMatch(/break failed \(BROKEN: It is broken\)/);
    expect(summary.steps).toMatchObject([
      {
        name: 'break',
        failure: { code: 'BROKEN', context: { part: 7 } },
        error: { error_type: 'Breakage', retryable: false, status_code: 402 },
      },
      { name: 'after', waiting: { for: 'steps', blocked_by: ['break'] }, dependencies_satisfied: false },
    ]);
  });

  it('that waits for a retry', async () => {
    const uuid = await settled(later, 'waiting_for_retry');
    await expectReadable(uuid);
    const { body: task } = await api.get(`/v1/tasks/${uuid}`);
    expect(task).toMatchObject({
      health_status: 'recovering',
      steps: [{ current_state: 'waiting_for_retry', backoff_request_seconds: 3600, attempts: 1 }],
    });
    const { body: summary } = await api.get(`/v1/tasks/${uuid}/summary`);
    // A status code that Tasker's clients can't hold is left out.
    expect(summary.steps).toMatchObject([
      { retry_eligible: true, last_attempted_at: expect.any(String), error: { status_code: null } },
    ]);
  });

  it('that waits longer than Tasker’s clients can count', async () => {
    const uuid = await settled(patient, 'waiting_for_retry');
    await expectReadable(uuid);
    const { body } = await api.get(`/v1/tasks/${uuid}`);
    expect(body.steps).toMatchObject([{ backoff_request_seconds: 2_147_483_647 }]);
    expect(body.steps[0].next_retry_at).toMatch(/^3\d{3}-/);
  });

  it('that is at work, then cancelled; then it can’t be cancelled again', async () => {
    const uuid = await api.job();
    await expectReadable(uuid);
    const cancelled = await api.delete(`/v1/tasks/${uuid}`).expect(200);
    expectContract('TaskResponse', cancelled.body);
    expect(cancelled.body.status).toBe('cancelled');
    await expectReadable(uuid);
    const again = await api.delete(`/v1/tasks/${uuid}`).expect(400);
    expectContract('ErrorResponse', again.body);
    expect(again.body.error.code).toBe('BAD_REQUEST');
  });
});

describe('What is not there, or not a uuid', () => {
  it.each([
    ['get', ''],
    ['get', '/summary'],
    ['delete', ''],
    ['get', '/workflow_steps'],
    ['get', `/workflow_steps/${UNKNOWN_UUID}`],
    ['get', `/workflow_steps/${UNKNOWN_UUID}/audit`],
  ] as const)('%s /v1/tasks/{uuid}%s: 404, 400', async (method, path) => {
    const missing = await api[method](`/v1/tasks/${UNKNOWN_UUID}${path}`).expect(404);
    expectContract('ErrorResponse', missing.body);
    expect(missing.body.error.code).toBe('NOT_FOUND');
    const malformed = await api[method](`/v1/tasks/nope${path}`).expect(400);
    expectContract('ErrorResponse', malformed.body);
    expect(malformed.body.error.code).toBe('INVALID_UUID');
  });

  it('a step of another task is not found', async () => {
    const [first, second] = [await settled(good, 'complete'), await settled(good, 'complete')];
    const { body: steps } = await api.get(`/v1/tasks/${first}/workflow_steps`);
    const path = `/v1/tasks/${second}/workflow_steps/${steps[0].step_uuid}`;
    await api.get(path).expect(404);
    await api.get(`${path}/audit`).expect(404);
    const act = { action_type: 'reset_for_retry', reason: 'why', reset_by: 'me' };
    await api.patch(path, act).expect(404);
    await api.get(`/v1/tasks/${first}/workflow_steps/nope`).expect(400);
  });
});

describe('Steps by hand, as an operator lives it', () => {
  it('reset: it runs again, fails again, and the audit tells all of it', async () => {
    const { uuid, path } = await brokenStep();
    const reset = await api
      .patch(path, { action_type: 'reset_for_retry', reason: 'The part is here', reset_by: 'ada' })
      .expect(200);
    expectContract('StepResponse', reset.body);
    await until('it has failed again', async () => {
      const { body } = await api.get(`/v1/tasks/${uuid}`);
      return body.status === 'blocked_by_failures';
    });
    const { body: audit } = await api.get(`${path}/audit`);
    expectContract('StepAudit', audit);
    expect(audit.map(({ to_state }: { to_state: string }) => to_state)).toEqual([
      'enqueued_as_error_for_orchestration',
      'enqueued',
      'enqueued_as_error_for_orchestration',
    ]);
    expect(audit[1]).toMatchObject({ from_state: 'error', performed_by: 'ada', reason: 'The part is here' });
  });

  it('resolve: its dependants go on without a result', async () => {
    const { uuid, path } = await brokenStep();
    const resolved = await api
      .patch(path, { action_type: 'resolve_manually', reason: 'Not needed', resolved_by: 'ada' })
      .expect(200);
    expectContract('StepResponse', resolved.body);
    expect(resolved.body.current_state).toBe('resolved_manually');
    const task = await api.get(`/v1/tasks/${uuid}?wait_seconds=60`).expect(200);
    expect(task.body.status).toBe('complete');
    const late = await api
      .patch(path, { action_type: 'reset_for_retry', reason: 'Oh', reset_by: 'ada' })
      .expect(400);
    expect(late.body.error.message).toMatch(/is resolved_manually .* while it is error/);
  });

  it('complete: only with a result that fits, and its dependants go on with it', async () => {
    const { uuid, path } = await brokenStep();
    const complete = (completion_data: unknown) =>
      api.patch(path, {
        action_type: 'complete_manually',
        completion_data,
        reason: 'Paid',
        completed_by: 'ada',
      });
    const misfit = await complete({ result: { total: 'much' } }).expect(400);
    expectContract('ErrorResponse', misfit.body);
    expect(misfit.body.error.details).toMatchObject([{ path: 'completion_data.result.total' }]);

    const done = await complete({ result: { total: 209.97 }, metadata: { by: 'cash' } }).expect(200);
    expectContract('StepResponse', done.body);
    expect(done.body).toMatchObject({ current_state: 'complete', results: { result: { total: 209.97 } } });
    const task = await api.get(`/v1/tasks/${uuid}?wait_seconds=60`).expect(200);
    expect(task.body.status).toBe('complete');
  });

  it.each([
    [{}, ['action_type']],
    [{ action_type: 'explode' }, ['action_type']],
    [{ action_type: 'reset_for_retry' }, ['reason', 'reset_by']],
    [{ action_type: 'reset_for_retry', reason: 'x', reset_by: 'y', resolved_by: 'z' }, ['resolved_by']],
    [{ action_type: 'complete_manually', reason: 'x', completed_by: 'y' }, ['completion_data']],
    [
      { action_type: 'complete_manually', reason: 'x', completed_by: 'y', completion_data: {} },
      ['completion_data.result'],
    ],
    [
      {
        action_type: 'complete_manually',
        reason: 'x',
        completed_by: 'y',
        completion_data: { result: 1, no: 1 },
      },
      ['completion_data.no'],
    ],
    [[], ['$']],
    ['"text"', ['$']],
  ])('refuses %j, naming %j', async (body, paths) => {
    const { path } = await brokenStep();
    const answer = await api.patch(path, body).expect(400);
    expectContract('ErrorResponse', answer.body);
    const named = answer.body.error.details.map((detail: { path: string }) => detail.path);
    expect(named.toSorted()).toEqual(paths);
    expect((await api.get(path)).body.current_state).toBe('error');
  });
});

it('A task is accepted as Tasker’s command line sends it', async () => {
  const { body } = await api
    .post({
      ...requestFor(good, { n: 1 }),
      initiator: 'tasker-ctl',
      source_system: 'cli',
      reason: 'CLI task creation',
      tags: [],
      requested_at: '2026-01-31T12:00:00.123456789',
      options: null,
      priority: 255,
      correlation_id: '0197a0de-1111-7000-8000-000000000001',
      parent_correlation_id: null,
    })
    .expect(200);
  expectContract('TaskResponse', body);
  expect(body).toMatchObject({ initiator: 'tasker-ctl', priority: 100 });
  const listed = await api
    .get('/v1/tasks?page=1&per_page=100&namespace=lab&initiator=tasker-ctl')
    .expect(200);
  expectContract('TaskList', listed.body);
  expect(listed.body.tasks).toMatchObject([{ task_uuid: body.task_uuid }]);
});

describe('Identity', () => {
  it('a repeat is refused, whatever the order of its keys', async () => {
    const context = { a: { x: 1, y: [2, { p: 3, q: 4 }] }, b: 5 };
    const first = await api.post({ ...requestFor(strict), context }).expect(200);
    expectContract('TaskResponse', first.body);
    const turned = { b: 5, a: { y: [2, { q: 4, p: 3 }], x: 1 } };
    const repeat = await api.post({ ...requestFor(strict), context: turned }).expect(409);
    expectContract('ErrorResponse', repeat.body);
    expect(repeat.body.error).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/identity.*already exists/),
      existing_task_uuid: first.body.task_uuid,
    });
  });

  it('the same idempotency_key and body give the same task; another body is refused', async () => {
    const body = { ...requestFor(keyed), idempotency_key: 'once', context: { n: 1 } };
    const first = await api.post({ ...body, correlation_id: UNKNOWN_UUID }).expect(200);
    const second = await api.post(body).expect(200);
    expect(second.body.task_uuid).toBe(first.body.task_uuid);
    await api.post({ ...body, context: { n: 2 } }).expect(409);
    const without = await api.post(requestFor(keyed)).expect(400);
    expect(without.body.error.details).toMatchObject([{ path: 'idempotency_key' }]);
  });

  it('100 concurrent repeats give one task', async () => {
    const before = await api.countTasks();
    const body = { ...requestFor(keyed), idempotency_key: 'a hundred times' };
    const answers = await Promise.all(Array.from({ length: 100 }, () => api.post(body).expect(200)));
    expect(new Set(answers.map((answer) => answer.body.task_uuid)).size).toBe(1);
    expect(await api.countTasks()).toBe(before + 1);
  });
});

describe('POST /v1/tasks/batch', () => {
  it('answers each request for itself, in order, and takes all that are good', async () => {
    const before = await api.countTasks();
    const tasks = [
      requestFor(good),
      { ...requestFor(good), priority: 'high' },
      { ...requestFor(good), name: 'nobody' },
      'not a request',
      { ...REQUEST, context: { n: 1 } },
      { ...requestFor(good), extra: 1 },
    ];
    const answer = await api.post({ tasks }, '/v1/tasks/batch').expect(200);
    expectContract('TaskBatch', answer.body);
    expect(answer.body.tasks).toMatchObject([
      { task_uuid: expect.any(String) },
      { error: { code: 'BAD_REQUEST', details: [{ path: 'tasks[1].priority' }] } },
      { error: { code: 'NOT_FOUND', message: expect.stringContaining('lab/nobody/1.0.0') } },
      { error: { code: 'BAD_REQUEST', details: [{ path: 'tasks[3]' }] } },
      { task_uuid: expect.any(String) },
      { error: { code: 'BAD_REQUEST', details: [{ path: 'tasks[5].extra' }] } },
    ]);
    expect(await api.countTasks()).toBe(before + 2);
  });

  it.each([[{}], [{ tasks: [] }], [{ tasks: 'x' }], [{ tasks: Array.from({ length: 1_001 }, () => ({})) }]])(
    'refuses what is no batch (%#)',
    async (body) => {
      const answer = await api.post(body, '/v1/tasks/batch').expect(400);
      expectContract('ErrorResponse', answer.body);
      expect(answer.body.error.details).toMatchObject([{ path: 'tasks' }]);
    },
  );
});

describe('Templates', () => {
  it('are listed, all or of one namespace', async () => {
    const all = await api.get('/v1/templates').expect(200);
    expectContract('TemplateList', all.body);
    expect(all.body).toMatchObject({ total_count: 9, template_count: 9, supported_namespaces: ['lab'] });
    const none = await api.get('/v1/templates?namespace=nowhere').expect(200);
    expectContract('TemplateList', none.body);
    expect(none.body).toMatchObject({ templates: [], total_count: 0, template_count: 9 });
    for (const flag of [true, false]) {
      const asked = await api.get(`/v1/templates?namespace=lab&include_cache_stats=${flag}`).expect(200);
      expectContract('TemplateList', asked.body);
      expect(asked.body.templates).toEqual(all.body.templates);
    }
    for (const [query, path] of [
      ['name=good', 'name'],
      ['include_cache_stats=yes', 'include_cache_stats'],
    ]) {
      const { body } = await api.get(`/v1/templates?${query}`).expect(400);
      expect(body.error.details).toMatchObject([{ path }]);
    }
  });

  it('are read in full, and can be checked', async () => {
    const one = await api.get('/v1/templates/lab/good/1.0.0').expect(200);
    expectContract('Template', one.body);
    expect(one.body).toMatchObject({ cached: true, steps: [{ name: 'give' }, { name: 'take' }] });
    const check = await api.post('', '/v1/templates/lab/good/1.0.0/validate').expect(200);
    expectContract('TemplateValidation', check.body);
    expect(check.body).toMatchObject({ valid: true, errors: [], step_handlers: ['give', 'take'] });
  });

  it('are read as Tasker’s workers answer them: in a wrap, resolved for the environment', async () => {
    const { body } = await api.get('/v1/templates/lab/rich/1.0.0').expect(200);
    expectContract('Template', body);
    expect(body.template).toMatchObject({
      environment: 'development',
      template: {
        name: 'rich',
        namespace_name: 'lab',
        metadata: { author: 'ada', updated_at: '2026-01-31T12:00:00Z' },
        steps: [
          {
            timeout_seconds: 7,
            retry: { max_attempts: 2 },
            publishes_events: [
              { name: 'given', description: '', schema: { type: 'object' } },
              { name: 'gave.up', description: '', schema: {} },
            ],
          },
        ],
      },
    });
    expect(body.template.template.metadata).not.toHaveProperty('created_at');
    expect(body.configuration.steps[0]).toMatchObject({ timeout_seconds: 7, retry: { max_attempts: 2 } });
    expect(body.definition.metadata).toMatchObject({ created_at: '2026-01-31' });
    expect(body.definition.steps[0]).toMatchObject({ retry: { max_attempts: 0 } });
    expect(body.definition.steps[0]).not.toHaveProperty('timeout_seconds');
  });

  it('that are not there: 404, with the near name', async () => {
    const near = await api.post({ ...requestFor(good), name: 'goood' });
    expect(near.body.error.message).toMatch(
      /^Task template not found: lab\/goood\/.*, did you mean "lab\/good\//,
    );
    for (const answer of [
      await api.get('/v1/templates/lab/good/9.9.9'),
      await api.post('', '/v1/templates/lab/good/9.9.9/validate'),
      await api.post({ ...requestFor(good), version: '9.9.9' }),
    ]) {
      expect(answer.status).toBe(404);
      expectContract('ErrorResponse', answer.body);
      expect(answer.body.error.message).toMatch(/^Task template not found: lab\/good\/9\.9\.9/);
    }
  });
});

describe('Health and configuration', () => {
  it.each([
    ['/config', 'Config'],
    ['/health', 'Health'],
    ['/health/live', 'Live'],
    ['/health/ready', 'Ready'],
    ['/health/detailed', 'Detailed'],
  ] as const)('%s', async (path, schema) => {
    expectContract(schema, (await api.get(path).expect(200)).body);
  });
});

// The last one: it moves the clock of all of them.
it('A task over a limit of its template is in the dead letters, as its summary says', async () => {
  const uuid = await settled(overdue, 'waiting_for_retry');
  await api.lab.clock.advance(11 * 60_000);
  await api.worker.app.get(LifecycleEnforcer).check(0);
  await expectReadable(uuid);
  const { body } = await api.get(`/v1/tasks/${uuid}/summary`);
  expect(body).toMatchObject({
    status: 'error',
    dlq: { in_dlq: true, dlq_reason: 'max_duration_minutes', resolution_status: 'pending' },
  });
});
