import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { array, assert, asyncProperty, integer } from 'fast-check';

import { PermanentStepError, RetryableStepError } from '../../src/index.js';
import { LifecycleEnforcer } from '../../src/worker/index.js';
import { TaskEventFeed } from '../../src/api/events/task-event.feed.js';
import { ApiLab, UNKNOWN_UUID } from '../api/api-lab.js';
import { expectContract } from '../contract/contract.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import { readStream } from './event-client.js';
import type { StreamMessage } from './event-client.js';

const RETRIES = { max_attempts: 3, backoff: 'none' };
const eventful = workflow('eventful', {
  first: { handler: { callable: 'give' } },
  flaky: { dependencies: ['first'], retry: RETRIES },
  left: { handler: { callable: 'give' }, dependencies: ['flaky'] },
  right: { handler: { callable: 'give' }, dependencies: ['flaky'] },
  last: { handler: { callable: 'give' }, dependencies: ['left', 'right'] },
});
const broken = workflow('broken', { break: {} });

let api: ApiLab;

beforeAll(async () => {
  api = await ApiLab.start(
    {
      handlers: {
        give: () => 1,
        flaky: ({ workflowStep }) => {
          if (workflowStep.attempt < 3) throw new Error('not yet');
          return 1;
        },
        break: () => {
          throw new PermanentStepError('It is broken', { errorCode: 'BROKEN' });
        },
      },
    },
    eventful,
    broken,
  );
});

afterAll(() => api.stop());

async function submit(of: typeof eventful): Promise<string> {
  const { body } = await api.post(requestFor(of)).expect(200);
  return body.task_uuid;
}

function streamOf(uuid: string): string {
  return `${api.url}/v1/tasks/${uuid}/events`;
}

async function all(uuid: string, lastEventId?: string): Promise<readonly StreamMessage[]> {
  const messages: StreamMessage[] = [];
  for await (const message of readStream(streamOf(uuid), lastEventId)) messages.push(message);
  return messages;
}

/** What is recorded of the task, by the ids of its events. */
async function recorded(uuid: string): Promise<readonly string[]> {
  const rows = await api.lab.rows<{ id: string }>(
    'SELECT event_id::text AS id FROM tasker.events WHERE task_uuid = $1 ORDER BY event_id',
    [uuid],
  );
  return rows.map(({ id }) => id);
}

function idsOf(messages: readonly StreamMessage[]): readonly string[] {
  return messages.flatMap(({ id }) => id ?? []);
}

describe('GET /v1/tasks/{uuid}/events', () => {
  it('tells each change of state once, in order, and ends with the task', async () => {
    const uuid = await submit(eventful);
    const messages = await all(uuid);
    expect(idsOf(messages)).toEqual(await recorded(uuid));
    const changes = messages
      .filter(({ id }) => id !== null)
      .map(({ event, data }) => [event, data.step, data.from_state, data.to_state]);
    expect(changes.slice(0, 4)).toEqual([
      ['step', 'first', 'in_progress', 'complete'],
      ['step', 'flaky', 'in_progress', 'waiting_for_retry'],
      ['step', 'flaky', 'in_progress', 'waiting_for_retry'],
      ['step', 'flaky', 'in_progress', 'complete'],
    ]);
    expect(changes.at(-1)).toEqual(['task', undefined, 'steps_in_process', 'complete']);
    expect(messages.at(-1)).toMatchObject({ event: 'end', id: null, data: { task_uuid: uuid } });
    // Whoever comes later reads the same, and whoever has seen it all hears only that it has ended.
    expect(idsOf(await all(uuid))).toEqual(idsOf(messages));
    expect((await all(uuid, idsOf(messages).at(-1))).map(({ event }) => event)).toEqual(['end']);
  });

  it('a client that drops at any point and resumes misses nothing and sees nothing twice', async () => {
    await assert(
      asyncProperty(array(integer({ min: 1, max: 4 }), { maxLength: 8 }), async (drops) => {
        const uuid = await submit(eventful);
        const seen: string[] = [];
        for (const count of [...drops, Number.POSITIVE_INFINITY]) {
          let taken = 0;
          for await (const { id } of readStream(streamOf(uuid), seen.at(-1))) {
            if (id === null) continue;
            seen.push(id);
            taken += 1;
            if (taken >= count) break;
          }
        }
        expect(seen).toEqual(await recorded(uuid));
      }),
      { numRuns: 25 },
    );
  });

  it('stays open while a task is blocked, and tells what an operator does', async () => {
    const uuid = await submit(broken);
    const seen: StreamMessage[] = [];
    for await (const message of readStream(streamOf(uuid))) {
      seen.push(message);
      if (message.event !== 'task' || message.data.to_state !== 'blocked_by_failures') continue;
      const { body: steps } = await api.get(`/v1/tasks/${uuid}/workflow_steps`);
      await api
        .patch(`/v1/tasks/${uuid}/workflow_steps/${steps[0].step_uuid}`, {
          action_type: 'resolve_manually',
          reason: 'Done by phone',
          resolved_by: 'ada',
        })
        .expect(200);
    }
    expect(seen.filter(({ id }) => id !== null).map(({ data }) => data)).toMatchObject([
      { to_state: 'error', error: { message: 'It is broken', error_code: 'BROKEN', retryable: false } },
      { from_state: 'steps_in_process', to_state: 'blocked_by_failures' },
      { from_state: 'error', to_state: 'resolved_manually', performed_by: 'ada', reason: 'Done by phone' },
      { to_state: 'complete' },
    ]);
  });

  it('tells that a step is at work', async () => {
    const uuid = await api.job();
    for await (const { id, data } of readStream(streamOf(uuid))) {
      if (data.to_state !== 'in_progress') continue;
      expect([id, data]).toMatchObject([null, { step: 'wait', from_state: 'enqueued', attempt: 1 }]);
      api.finishJobs();
      break;
    }
  });

  it('needs no notification', async () => {
    await api.lab.rows(
      `CREATE OR REPLACE FUNCTION tasker.notify(p_channel text, p_payload text) RETURNS void LANGUAGE sql AS ''`,
    );
    const uuid = await submit(eventful);
    expect(idsOf(await all(uuid))).toEqual(await recorded(uuid));
  });

  it('refuses what is not there, before the stream begins', async () => {
    const unknown = await api.get(`/v1/tasks/${UNKNOWN_UUID}/events`).expect(404);
    expectContract('ErrorResponse', unknown.body);
    await api.get('/v1/tasks/nope/events').expect(400);
    const uuid = await submit(eventful);
    for (const id of ['x', '-1', '999999999999999999', '1e3']) {
      const bad = await api.get(`/v1/tasks/${uuid}/events`).set('Last-Event-ID', id).expect(400);
      expect(bad.body.error.details).toMatchObject([{ path: 'Last-Event-ID' }]);
    }
    await api.get(`/v1/tasks/${uuid}/events?last_event_id=x`).expect(400);
  });
});

describe('A task over a limit of its template', () => {
  it('tells which, and goes on to be followed where the template says that nothing else happens', async () => {
    const slow = workflow(
      'slow',
      { later: { retry: RETRIES } },
      { lifecycle: { max_duration_minutes: 10, staleness_action: 'none' } },
    );
    const lab = await ApiLab.start(
      {
        handlers: {
          later: () => {
            throw new RetryableStepError('not today', { retryAfterSeconds: 86_400 });
          },
        },
      },
      slow,
    );
    const { body } = await lab.post(requestFor(slow)).expect(200);
    const seen: StreamMessage[] = [];
    for await (const message of readStream(`${lab.url}/v1/tasks/${body.task_uuid}/events`)) {
      if (message.id === null) continue;
      seen.push(message);
      if (message.event === 'step') {
        await lab.lab.clock.advance(11 * 60_000);
        await lab.worker.app.get(LifecycleEnforcer).check(0);
      } else if (message.data.to_state === 'steps_in_process')
        await lab.delete(`/v1/tasks/${body.task_uuid}`).expect(200);
    }
    expect(seen.map(({ event, data }) => [event, data])).toMatchObject([
      ['step', { to_state: 'waiting_for_retry' }],
      ['task', { to_state: 'steps_in_process', exceeded_limit: 'max_duration_minutes' }],
      ['task', { from_state: 'steps_in_process', to_state: 'cancelled' }],
    ]);
    await lab.stop();
  });
});

describe('500 open streams', () => {
  it('share their reading, and do not hold up a shutdown', async () => {
    const many = await ApiLab.start();
    const uuid = await many.job();
    const leaving = new AbortController();
    const responses = await Promise.all(
      Array.from({ length: 500 }, () =>
        fetch(`${many.url}/v1/tasks/${uuid}/events`, { signal: leaving.signal }),
      ),
    );
    const feed = many.worker.app.get(TaskEventFeed);
    await until('all are open', () => feed.open === 500);
    many.finishJobs();
    const other = await many.job();
    const stillOpen = await fetch(`${many.url}/v1/tasks/${other}/events`, { signal: leaving.signal });
    const texts = await Promise.all(responses.map((response) => response.text()));
    expect(texts.filter((text) => /event: end/.test(text))).toHaveLength(500);
    const goodbye = stillOpen.text();
    many.finishJobs();
    await many.lab.stopWorkers();
    expect(await goodbye).toMatch(/: the service is stopping|event: end/);
    leaving.abort();
    await many.stop();
  });
});
