import { Injectable, Module } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { types } from 'pg';

import { OnDomainEvent, TaskerModule } from '../../src/index.js';
import type { DomainEvent, WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Happening } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

const {
  BOOL,
  INT8,
  INT4,
  TEXT,
  JSON: JSON_OID,
  OID,
  FLOAT8,
  TIMESTAMPTZ,
  NUMERIC,
  UUID,
  JSONB,
} = types.builtins;
const CHANGED = [BOOL, INT8, INT4, TEXT, JSON_OID, OID, FLOAT8, TIMESTAMPTZ, NUMERIC, UUID, JSONB];
const BEFORE = CHANGED.map((oid) => [oid, types.getTypeParser(oid)] as const);

const order = workflow('order', {
  check: { retry: { max_attempts: 2, backoff: 'none' } },
  book: {
    dependencies: ['check'],
    publishes_events: [{ name: 'order.booked', condition: 'success', delivery_mode: 'durable' }],
  },
});

const heard = new Happening<DomainEvent>();

@Injectable()
class Subscriber {
  @OnDomainEvent('order.*', { from: 'beginning' })
  onOrder(event: DomainEvent): void {
    heard.happen(event);
  }
}

@Module({ imports: [TaskerModule.forFeature({ namespace: 'events' })], providers: [Subscriber] })
class EventsModule {}

let lab: Lab;
let worker: WorkerHandle;
beforeAll(async () => {
  // Before the pool connects, as an application would in its main.ts.
  for (const oid of CHANGED) types.setTypeParser(oid, (text: string) => ({ host: text }));
  lab = await Lab.open(order);
  worker = await lab.worker({
    imports: [EventsModule],
    enableWebApi: true,
    handlers: {
      check: ({ workflowStep }) => {
        if (workflowStep.attempt === 1) throw new Error('again');
        return { attempt: workflowStep.attempt, maxAttempts: workflowStep.maxAttempts };
      },
      book: (step) =>
        step.transaction(async (client) => (await client.query('SELECT 1 AS one, now() AS time')).rows[0]),
    },
  });
});
afterAll(async () => {
  await lab.close();
  for (const [oid, parser] of BEFORE) types.setTypeParser(oid, parser);
});

it('An application may change how pg reads types: the engine reads its columns as ever, handlers read theirs as the application says', async () => {
  const { taskUuid } = await worker.client.submit(requestFor(order, { hours: 3 }));
  const task = await worker.client.waitFor(taskUuid);
  expect(task).toMatchObject({
    status: 'complete',
    context: { hours: 3 },
    createdAt: expect.any(Date),
    steps: [
      { attempts: 2, results: { result: { attempt: 2, maxAttempts: 2 } } },
      { attempts: 1, results: { result: { one: { host: '1' }, time: { host: expect.any(String) } } } },
    ],
  });
  expect(await heard.happened).toMatchObject({ taskUuid, attempt: 1, publishedAt: expect.any(Date) });

  const step = task.steps[0]?.stepUuid ?? '';
  const answers = await Promise.all(
    [
      '/v1/tasks',
      `/v1/tasks/${taskUuid}`,
      `/v1/tasks/${taskUuid}/events`,
      `/v1/tasks/${taskUuid}/workflow_steps/${step}/audit`,
      '/health/ready',
    ].map(async (path) => {
      const answer = await fetch(`${worker.url}${path}`);
      return { path, status: answer.status, text: await answer.text() };
    }),
  );
  for (const { path, status, text } of answers) {
    expect({ path, status, text }).toMatchObject({
      status: 200,
      text: expect.not.stringMatching(/"host":(?!"1"|"\d{4}-)/),
    });
  }
  expect(answers[0]?.text).toContain(`"task_uuid":"${taskUuid}"`);
});
