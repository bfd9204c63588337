import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LoggerService } from '@nestjs/common';

import { PermanentStepError } from '../../src/index.js';
import type { TaskClient } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { aborted, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

const charging = workflow('charging', {
  charge: { retry: { max_attempts: 3, backoff: 'none' } },
  ship: { dependencies: ['charge'] },
});
const refusing = workflow('refusing', { refuse: { retry: { max_attempts: 3, backoff: 'none' } } });
const branching = workflow('branching', { fail: {}, wait: {}, join: { dependencies: ['fail', 'wait'] } });
const hanging = workflow('hanging', { hang: {} });

interface Line {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

let lab: Lab;
let client: TaskClient;
let lines: Line[] = [];
let letWaitEnd: () => void;
const waitMayEnd = new Promise<void>((resolve) => {
  letWaitEnd = resolve;
});

/** A logger as an application has one: it takes objects. */
const logger: LoggerService = {
  log: (line: unknown) => keep('log', line),
  warn: (line: unknown) => keep('warn', line),
  error: (line: unknown) => keep('error', line),
};

function keep(level: string, line: unknown): void {
  lines.push({ message: String(line), ...(typeof line === 'object' ? line : {}), level });
}

function linesWith(pattern: RegExp): readonly Line[] {
  return lines.filter(({ message }) => pattern.test(message));
}

beforeAll(async () => {
  lab = await Lab.open(charging, refusing, branching, hanging);
  const worker = await lab.worker({
    logger,
    settings: { maxLost: 1 },
    handlers: {
      charge: () => {
        throw new Error('no card');
      },
      ship: () => 'shipped',
      refuse: () => {
        throw new PermanentStepError('never', { errorCode: 'REFUSED' });
      },
      fail: () => {
        throw new Error('cold');
      },
      wait: () => waitMayEnd,
      join: () => 'joined',
      hang: ({ signal }) => aborted(signal),
    },
  });
  ({ client } = worker);
});

beforeEach(() => {
  lines = [];
});

afterAll(() => lab.close());

describe('The log of a step that fails', () => {
  it('says which attempt of how many it was, which was the last, and with what stack', async () => {
    const { taskUuid } = await client.submit(requestFor(charging));
    const task = await client.waitFor(taskUuid);
    const failures = linesWith(/^Step failed/);
    expect(failures.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'Step failed, attempt 1 of 3: HANDLER_ERROR: no card'],
      ['warn', 'Step failed, attempt 2 of 3: HANDLER_ERROR: no card'],
      ['error', 'Step failed for good, attempt 3 of 3: HANDLER_ERROR: no card'],
    ]);
    expect(failures.at(-1)).toMatchObject({
      task_uuid: taskUuid,
      step_uuid: task.steps[0]?.stepUuid,
      step: 'charge',
      namespace: 'lab',
      attempt: 3,
      max_attempts: 3,
      error_code: 'HANDLER_ERROR',
      correlation_id: task.correlationId,
      stack: expect.stringMatching(/^Error: no card\n {4}at .*step-lines\.test\.ts:\d+:\d+/),
    });
  });

  it('says so at once of a failure that no retry helps', async () => {
    const { taskUuid } = await client.submit(requestFor(refusing));
    await client.waitFor(taskUuid);
    expect(linesWith(/^Step failed/)).toMatchObject([
      { level: 'error', message: 'Step failed for good, attempt 1 of 3: REFUSED: never', retryable: false },
    ]);
  });

  it('warns once of the task that is blocked by it, with its id and the step’s', async () => {
    const { taskUuid } = await client.submit(requestFor(refusing));
    const task = await client.waitFor(taskUuid);
    expect(linesWith(/^Task is blocked/)).toMatchObject([
      { level: 'warn', task_uuid: taskUuid, failed_steps: task.steps[0]?.stepUuid },
    ]);
  });

  it('warns of a blocked task only when nothing else of it runs, and of no other', async () => {
    const { taskUuid } = await client.submit(requestFor(branching));
    await until('a branch has failed', () => linesWith(/^Step failed for good/).length > 0);
    await until('it is recorded', async () => (await client.get(taskUuid)).failedSteps === 1);
    expect(linesWith(/^Task is blocked/)).toEqual([]);
    letWaitEnd();
    expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'blocked_by_failures' });
    expect(linesWith(/^Task is blocked/)).toMatchObject([{ level: 'warn', task_uuid: taskUuid }]);
  });
});

describe('The log of a lost worker', () => {
  it('names its steps by id, the worker, and the tasks that are blocked by it', async () => {
    const { taskUuid } = await client.submit(requestFor(hanging));
    await until('it runs', async () => (await client.get(taskUuid)).inProgressSteps === 1);
    await lab.rows(`UPDATE tasker.steps SET lease_until = 'epoch' WHERE task_uuid = $1`, [taskUuid]);
    const task = await client.waitFor(taskUuid);
    expect(task.status).toBe('blocked_by_failures');
    await until('it is told', () => linesWith(/^Task is blocked/).length > 0);
    const [worker] = await lab.rows<{ name: string }>('SELECT name FROM tasker.workers');
    expect(linesWith(/^Step hang was lost/)).toMatchObject([
      {
        level: 'error',
        message: expect.stringMatching(
          /^Step hang was lost with its worker \S+ for the 1st time, and failed for good: WORKER_LOST$/,
        ),
        task_uuid: taskUuid,
        step_uuid: task.steps[0]?.stepUuid,
        step: 'hang',
        lost_count: 1,
        worker_id: worker?.name,
      },
    ]);
    expect(linesWith(/^Task is blocked/)).toMatchObject([{ level: 'warn', task_uuid: taskUuid }]);
  });
});
