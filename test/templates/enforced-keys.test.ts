import { afterEach, describe, expect, it } from '@jest/globals';
import type { SettingsOverrides, Task, WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { aborted, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import type { HandlerFunction, Workflow } from '../support/workflows.js';

const SHOW: HandlerFunction = (step) => ({ own: step.initialization, shared: step.task.settings });

const FAILING: HandlerFunction = () => {
  throw new Error('no');
};

const QUIET = (): void => undefined;

/** Each key of a template changes what happens: were it ignored, its test here would fail. */
describe('what a template says is obeyed', () => {
  let lab: Lab | undefined;

  afterEach(async () => {
    await lab?.close();
    lab = undefined;
  });

  it('an unknown key stops the start, or is told as one warning and ignored', async () => {
    const odd = workflow('odd', { step: { retry: { initial_delay: 5 } } }, { owner: 'me' });
    lab = await Lab.open(odd);
    await expect(lab.worker({ handlers: { step: () => 1 } })).rejects.toMatchObject({
      code: 'TEMPLATE_LOAD_FAILED',
      message: expect.stringMatching(/owner: unknown key "owner"/),
    });
    const warnings: string[] = [];
    const worker = await lab.worker({
      handlers: { step: () => 1 },
      settings: { unknownTemplateKeys: 'warn' },
      logger: { log: QUIET, error: QUIET, warn: (message) => void warnings.push(String(message)) },
    });
    expect(warnings.filter((line) => line.includes('unknown key'))).toEqual([
      expect.stringMatching(/odd.*:\d+:\d+ owner: ignored: unknown key "owner"$/),
      expect.stringMatching(/odd.*:\d+:\d+ steps\[0\]\.retry\.initial_delay: ignored: unknown key/),
    ]);
    const { taskUuid } = await worker.client.submit(requestFor(odd));
    expect((await worker.client.waitFor(taskUuid)).status).toBe('complete');
  });

  async function start(
    of: Workflow,
    step: HandlerFunction,
    settings: SettingsOverrides = {},
  ): Promise<WorkerHandle> {
    lab = await Lab.open(of);
    return lab.worker({ handlers: { step }, settings });
  }

  async function run(of: Workflow, step: HandlerFunction, settings?: SettingsOverrides): Promise<Task> {
    const worker = await start(of, step, settings);
    const { taskUuid } = await worker.client.submit(requestFor(of, { n: 1 }));
    return worker.client.waitFor(taskUuid);
  }

  /** Runs a step that always fails through all its attempts; answers with the delays before each retry. */
  async function delaysOf(
    retry: object,
    environment = 'development',
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<readonly number[]> {
    const of = workflow('w', { step: { retry } }, more);
    const worker = await start(of, FAILING, { environment });
    const { taskUuid } = await worker.client.submit(requestFor(of));
    await until('the step has failed for good', async () => {
      const { status } = await worker.client.get(taskUuid);
      if (status === 'waiting_for_retry') await lab?.clock.advance(3_600_000);
      return status === 'blocked_by_failures';
    });
    const rows = await lab?.rows<{ ms: string }>(
      'SELECT retry_delay_ms AS ms FROM tasker.events WHERE task_uuid = $1 AND kind = 2 ORDER BY event_id',
      [taskUuid],
    );
    return (rows ?? []).map(({ ms }) => Number(ms));
  }

  it.each([
    ['max_attempts', { max_attempts: 3, backoff: 'none' }, [0, 0]],
    ['limit, its alias', { limit: 2, backoff: 'none' }, [0]],
    ['max_attempts 0, which runs once', { max_attempts: 0 }, []],
    ['retryable', { retryable: false, max_attempts: 5 }, []],
    ['backoff linear', { max_attempts: 4, backoff: 'linear', backoff_base_ms: 100 }, [100, 200, 300]],
    [
      'backoff exponential',
      { max_attempts: 4, backoff: 'exponential', backoff_base_ms: 100 },
      [100, 200, 400],
    ],
    [
      'backoff fibonacci',
      { max_attempts: 5, backoff: 'fibonacci', backoff_base_ms: 100 },
      [100, 100, 200, 300],
    ],
    ['max_backoff_ms', { max_attempts: 4, backoff_base_ms: 100, max_backoff_ms: 150 }, [100, 150, 150]],
    ['the defaults', {}, [1000, 2000]],
  ])('retry: %s', async (_, retry, delays) => {
    expect(await delaysOf(retry)).toEqual(delays);
  });

  const ENVIRONMENTS = {
    environments: {
      test: {
        steps: [
          { name: 'ALL', timeout_seconds: 1, retry: { backoff: 'none' } },
          { name: 'step', retry: { limit: 2 }, handler: { initialization: { b: 20 } } },
        ],
      },
      empty: { task_handler: null, steps: [] },
    },
  };
  const SHOWING = workflow(
    'w',
    { step: { handler: { callable: 'step', initialization: { a: 1, b: 2 } } } },
    {
      task_handler: { initialization: { region: 'eu' } },
      ...ENVIRONMENTS,
    },
  );

  it.each([
    ['test', [0]],
    ['empty', [100, 200]],
  ])('environments.%s.steps[].retry, key by key over the step’s own', async (environment, delays) => {
    const retry = { max_attempts: 3, backoff: 'linear', backoff_base_ms: 100 };
    expect(await delaysOf(retry, environment, ENVIRONMENTS)).toEqual(delays);
  });

  it.each([
    ['development', { a: 1, b: 2 }],
    ['test', { a: 1, b: 20 }],
  ])(
    'handler.initialization as %s sees it, and task_handler.initialization',
    async (environment, initialization) => {
      const task = await run(SHOWING, SHOW, { environment });
      expect(task.steps[0]?.results?.result).toEqual({ own: initialization, shared: { region: 'eu' } });
    },
  );

  it.each([
    ['timeout_seconds', { timeout_seconds: 1 }, {}],
    ['environments.test.steps[].timeout_seconds', { timeout_seconds: 600 }, ENVIRONMENTS],
  ])('%s', async (_, step, more) => {
    const of = workflow('w', { step }, more);
    const task = await run(of, ({ signal }) => aborted(signal), { environment: 'test' });
    expect(task.steps[0]?.results?.metadata.error_code).toBe('TIMEOUT');
  });

  it('the setting’s timeout where a step names none', async () => {
    const task = await run(workflow('w', { step: {} }), ({ signal }) => aborted(signal), {
      stepTimeoutSeconds: 1,
    });
    expect(task.steps[0]?.results?.metadata.error_code).toBe('TIMEOUT');
  });

  it('dependencies, in both spellings', async () => {
    const of = workflow('w', {
      last: { depends_on: ['step'], handler: { callable: 'step' } },
      step: {},
    });
    const order: string[] = [];
    await run(of, ({ workflowStep, dependencyResults }) => {
      order.push(`${workflowStep.name} after [${Object.keys(dependencyResults).join()}]`);
      return 1;
    });
    expect(order).toEqual(['step after []', 'last after [step]']);
  });

  it('version: several live side by side, and a task keeps its own', async () => {
    const [one, two] = [
      workflow('w', { step: {} }),
      workflow('w', { step: {}, more: { handler: { callable: 'step' } } }, { version: '2.0.0' }),
    ];
    lab = await Lab.open(one, two);
    const worker = await lab.worker({ handlers: { step: ({ task }) => task.version } });
    for (const version of [one, two]) {
      const { taskUuid } = await worker.client.submit(requestFor(version));
      const task = await worker.client.waitFor(taskUuid);
      const results = task.steps.map((step) => step.results?.result);
      expect(results).toEqual(version.steps.map(() => version.version));
    }
  });

  it('a template that changed under an unfinished task keeps the service from starting, by name', async () => {
    const of = workflow('w', { step: {} });
    lab = await Lab.open(of);
    const api = await lab.worker({ settings: { role: 'api' } });
    await api.client.submit(requestFor(of));
    await lab.templates.write(workflow('w', { step: { timeout_seconds: 7 } }));
    await expect(lab.worker({ handlers: { step: () => 1 } })).rejects.toMatchObject({
      code: 'TEMPLATE_CHANGED',
      message: expect.stringMatching(/lab\/w\/1\.0\.0 .*: 1 unfinished task/),
    });
  });

  it('a task goes on with its version when the file of it is gone', async () => {
    const of = workflow('w', { step: {} });
    lab = await Lab.open(of);
    const api = await lab.worker({ settings: { role: 'api' } });
    const { taskUuid } = await api.client.submit(requestFor(of));
    await lab.templates.remove(of);
    await lab.worker({ handlers: { step: () => 'old' } });
    expect((await api.client.waitFor(taskUuid)).status).toBe('complete');
  });
});
