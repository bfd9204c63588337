import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { PermanentStepError, RetryableStepError } from '../../src/index.js';
import { expectContract } from '../contract/contract.js';
import { requestFor, workflow } from '../support/workflows.js';
import { until } from '../support/until.js';
import { ApiLab, UNKNOWN_UUID } from './api-lab.js';

const LATER = { max_attempts: 3, backoff: 'linear', backoff_base_ms: 3_600_000, max_backoff_ms: 3_600_000 };
const good = workflow('good', { give: {} });
const bad = workflow('bad', { break: {} });
const later = workflow('later', { put_off: { retry: LATER } });

let api: ApiLab;

beforeAll(async () => {
  api = await ApiLab.start(
    {
      handlers: {
        give: () => 1,
        break: () => {
          throw new PermanentStepError('no');
        },
        put_off: () => {
          throw new RetryableStepError('later');
        },
      },
    },
    good,
    bad,
    later,
  );
});

afterAll(() => api.stop());

interface Page {
  readonly tasks: readonly { readonly task_uuid: string; readonly status: string }[];
  readonly pagination: {
    readonly total_count: number;
    readonly total_pages: number;
    readonly has_next: boolean;
    readonly has_previous: boolean;
    readonly next_cursor: string | null;
    readonly total_count_estimated?: boolean;
  };
}

async function list(query = ''): Promise<Page> {
  const { body } = await api.get(`/v1/tasks${query}`).expect(200);
  expectContract('TaskList', body);
  return body;
}

async function submit(of: typeof good, fields: object = {}): Promise<string> {
  const { body } = await api.post({ ...requestFor(of), ...fields }).expect(200);
  return body.task_uuid;
}

function cursorOf(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** Finished tasks of an initiator, a millisecond apart and long ago, straight into the table. */
async function oldTasks(count: number, initiator: string): Promise<void> {
  await api.lab.rows(
    `INSERT INTO tasker.tasks (task_uuid, correlation_id, created_at, updated_at, finished_at, template_id, open_sinks,
       status, unique_request, initiator, source_system, reason, context)
     SELECT gen_random_uuid(), gen_random_uuid(), t.at, t.at, t.at, 1, 0, 2, false, $2, 'shop', 'r', '{}'
     FROM generate_series(1, $1::integer) n
     CROSS JOIN LATERAL (SELECT timestamptz '2020-01-01' + n * interval '1 ms') t (at)`,
    [count, initiator],
  );
}

describe('GET /v1/tasks', () => {
  it('lists the newest first, without steps, page by page', async () => {
    const uuids: string[] = [];
    for (let n = 0; n < 5; n += 1) uuids.push(await submit(good, { initiator: 'pages' }));
    const newest = uuids.toReversed();
    const first = await list('?initiator=pages&per_page=2');
    expect(first.tasks.map((task) => task.task_uuid)).toEqual(newest.slice(0, 2));
    expect(first).toMatchObject({
      tasks: [{ steps: [] }, { steps: [] }],
      pagination: {
        page: 1,
        per_page: 2,
        total_count: 5,
        total_pages: 3,
        has_next: true,
        has_previous: false,
      },
    });
    const last = await list('?initiator=pages&per_page=2&page=3');
    expect(last.tasks.map((task) => task.task_uuid)).toEqual(newest.slice(4));
    expect(last.pagination).toMatchObject({ has_next: false, has_previous: true, next_cursor: null });
    const beyond = await list('?initiator=pages&per_page=2&page=4');
    expect(beyond).toMatchObject({ tasks: [], pagination: { total_count: 5, has_next: false } });
    const exact = await list('?initiator=pages&per_page=5');
    expect(exact.pagination).toMatchObject({ total_pages: 1, has_next: false });
  });

  it('finds tasks by each status, and no others', async () => {
    const fields = { initiator: 'statuses' };
    const expected: Record<string, string> = {
      complete: await submit(good, fields),
      blocked_by_failures: await submit(bad, fields),
      waiting_for_retry: await submit(later, fields),
      steps_in_process: await api.job(fields),
      cancelled: await api.job(fields),
    };
    await api.delete(`/v1/tasks/${expected['cancelled']}`).expect(200);
    await until('all are where they belong', async () => {
      const { tasks } = await list('?initiator=statuses');
      return tasks.every(({ task_uuid, status }) => expected[status] === task_uuid);
    });
    for (const [status, uuid] of Object.entries(expected)) {
      const found = await list(`?initiator=statuses&status=${status}`);
      expect([status, found.tasks.map((task) => task.task_uuid)]).toEqual([status, [uuid]]);
      expect(found.pagination.total_count).toBe(1);
    }
    for (const status of [
      'pending',
      'error',
      'waiting_for_dependencies',
      'resolved_manually',
      'initializing',
    ])
      expect((await list(`?initiator=statuses&status=${status}`)).tasks).toEqual([]);
  });

  it.each([
    ['per_page=0', { page: 1, per_page: 25 }],
    ['per_page=101', { page: 1, per_page: 25 }],
    ['per_page=4294967295', { page: 1, per_page: 25 }],
    ['per_page=100', { page: 1, per_page: 100 }],
    ['page=0', { page: 1, per_page: 25, has_previous: false }],
    ['page=0&per_page=0', { page: 1, per_page: 25 }],
  ])('takes ?%s as Tasker does', async (query, pagination) => {
    expect((await list(`?namespace=nowhere&${query}`)).pagination).toMatchObject(pagination);
  });

  it('knows the statuses that Tasker’s clients call by another name', async () => {
    const fields = { initiator: 'other-names' };
    const complete = await submit(good, fields);
    const atWork = await api.job(fields);
    await until('one is complete', async () => {
      const { tasks } = await list('?initiator=other-names&status=complete');
      return tasks.length === 1;
    });
    for (const [name, status, uuid] of [
      ['completed', 'complete', complete],
      ['in_progress', 'steps_in_process', atWork],
    ]) {
      const { tasks, pagination } = await list(`?initiator=other-names&status=${name}`);
      expect(tasks).toMatchObject([{ task_uuid: uuid, status }]);
      expect(pagination.total_count).toBe(1);
    }
    await api.delete(`/v1/tasks/${atWork}`).expect(200);
  });

  it('takes filters together', async () => {
    const uuid = await submit(good, { initiator: 'both', source_system: 'left' });
    await submit(good, { initiator: 'both', source_system: 'right' });
    const found = await list('?namespace=lab&initiator=both&source_system=left');
    expect(found.tasks.map((task) => task.task_uuid)).toEqual([uuid]);
    expect((await list('?namespace=nowhere')).pagination.total_count).toBe(0);
    expect((await list(`?initiator=${encodeURIComponent("' OR 'a'='a")}`)).tasks).toEqual([]);
  });

  it('counts exactly to 10,000, and estimates what is beyond', async () => {
    await oldTasks(10_000, 'many');
    const all = await list('?initiator=many&page=400');
    expect(all.pagination).toMatchObject({ total_count: 10_000, total_pages: 400, has_next: false });
    expect(all.pagination.total_count_estimated).toBeUndefined();
    expect(all.tasks).toHaveLength(25);
    await oldTasks(1, 'many');
    const more = await list('?initiator=many');
    expect(more.pagination.total_count_estimated).toBe(true);
    expect(more.pagination.total_count).toBeGreaterThan(10_000);
  });

  it('walks by cursor over each task once, while others come and tasks change', async () => {
    await oldTasks(230, 'walked');
    const running = await api.job({ initiator: 'walked' });
    const seen: string[] = [];
    let query: string | null = '?initiator=walked&per_page=20';
    while (query !== null) {
      const page: Page = await list(query);
      seen.push(...page.tasks.map((task) => task.task_uuid));
      if (seen.length === 20) api.finishJobs();
      await submit(good, { initiator: 'walked' });
      const { next_cursor } = page.pagination;
      query = next_cursor && `?initiator=walked&per_page=20&cursor=${next_cursor}`;
    }
    expect(seen).toHaveLength(231);
    expect(new Set(seen).size).toBe(231);
    expect(seen).toContain(running);
  });

  it.each([
    ['page=-1', 'page', 'must be an integer from 0 to 1000000'],
    ['page=x', 'page', 'must be an integer from 0 to 1000000'],
    ['page=1000001', 'page', 'must be an integer from 0 to 1000000'],
    ['per_page=-1', 'per_page', 'must be an integer from 0'],
    ['per_page=2.5', 'per_page', 'must be an integer from 0'],
    ['per_page=', 'per_page', 'must be an integer from 0'],
    ['status=done', 'status', 'must be one of pending, steps_in_process'],
    ['namespace=', 'namespace', 'must be a non-empty string'],
    ['cursor=abc', 'cursor', 'must be the next_cursor of another page'],
    ...[
      '2026-99-99 00:00:00+00',
      '2026-02-30 00:00:00+00',
      '2026-02-03 25:00:00+00',
      '2026-02-03 12:60:00+00',
      '2026-02-03 12:00:00+99',
      '2026-02-03 12:00:00+02:77',
      '0000-01-01 00:00:00+00',
      '300000-01-01 00:00:00+00',
      'infinity',
      '-infinity',
      'now',
    ].map((time) => [`cursor=${cursorOf(`${time} ${UNKNOWN_UUID}`)}`, 'cursor', 'must be the next_cursor']),
    [`cursor=${cursorOf('2026-02-03 12:00:00+00 0197a0de')}`, 'cursor', 'must be the next_cursor'],
    [`initiator=${'x'.repeat(256)}`, 'initiator', 'must be a string of at most 255 characters, got 256'],
    ['sort=asc', 'sort', 'is not a known field'],
    ['initiator=%00', 'initiator', 'holds a NUL character'],
    ['source_system=a%00b', 'source_system', 'holds a NUL character'],
    ['initiator=a&initiator=b', 'initiator', 'must be a non-empty string'],
  ])('refuses ?%s', async (query, path, message) => {
    const { body } = await api.get(`/v1/tasks?${query}`).expect(400);
    expectContract('ErrorResponse', body);
    expect(body.error.details).toEqual([{ path, message: expect.stringContaining(message) }]);
  });

  it('refuses a cursor together with a page', async () => {
    const { pagination } = await list('?per_page=1');
    const { body } = await api.get(`/v1/tasks?page=2&cursor=${pagination.next_cursor}`).expect(400);
    expect(body.error.details).toMatchObject([{ path: 'cursor' }]);
  });
});
