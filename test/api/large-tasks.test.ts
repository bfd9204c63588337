import { once } from 'node:events';
import { Server } from 'node:http';
import { connect, Socket } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { StepResultReader } from '../../src/engine/index.js';
import { PermanentStepError } from '../../src/index.js';
import type { Task } from '../../src/index.js';
import { requestFor, workflow } from '../support/workflows.js';
import { ApiLab } from './api-lab.js';

const MiB = 1_048_576;
const STEPS = Array.from({ length: 40 }, (_, n) => `s${n}`);
const LARGE = workflow(
  'large',
  Object.fromEntries(STEPS.map((name) => [name, { handler: { callable: 'give' } }])),
);
const BROKEN = workflow('broken', { break: {} });

let api: ApiLab;
let taskUuid = '';
let task: Task;

beforeAll(async () => {
  api = await ApiLab.start(
    {
      settings: { requestTimeoutSeconds: 2 },
      handlers: {
        give: ({ workflowStep }) => workflowStep.name,
        break: () => {
          throw new PermanentStepError('m'.repeat(20_000), { context: { much: 'c'.repeat(900_000) } });
        },
      },
    },
    LARGE,
    BROKEN,
  );
  ({ taskUuid } = await api.worker.client.submit(requestFor(LARGE)));
  await api.worker.client.waitFor(taskUuid);
  // All but the first three, whose results stay small. What repeats is compressed, so half of them does not.
  await api.lab.rows(
    `UPDATE tasker.steps SET result = to_json(CASE WHEN step_index % 2 = 0 THEN repeat('x', 1000000)
       ELSE (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 31250)) END)
     WHERE task_uuid = $1 AND step_index > 2`,
    [taskUuid],
  );
  task = await api.worker.client.get(taskUuid);
});

afterAll(() => api.stop());

/** The answer's body and how many bytes it has. */
async function read(path: string) {
  const text = await (await fetch(`${api.url}${path}`)).text();
  return { bytes: Buffer.byteLength(text), body: JSON.parse(text) };
}

describe('A task with 37 results of 1 MB', () => {
  it('is read in code with 8 MiB of them, the smallest first, and each alone', async () => {
    const shown = task.steps.filter(({ resultsOmitted }) => resultsOmitted !== true);
    expect(shown).toHaveLength(3 + 8);
    expect(shown.slice(0, 3).map(({ results }) => results?.result)).toEqual(['s0', 's1', 's2']);
    expect(task.steps.map(({ state }) => state)).toEqual(STEPS.map(() => 'complete'));
    const omitted = task.steps.filter(({ resultsOmitted }) => resultsOmitted === true);
    for (const { stepUuid, results } of omitted.slice(-2)) {
      expect(results).toMatchObject({ success: true, result: null });
      const step = await api.worker.client.getStep(taskUuid, stepUuid);
      expect(step.resultsOmitted).toBeUndefined();
      expect(step.results?.result).toHaveLength(1_000_000);
    }
    const waited = await api.worker.client.waitFor(taskUuid);
    expect(waited.steps.filter(({ resultsOmitted }) => resultsOmitted === true)).toHaveLength(29);
    const without = await api.worker.client.get(taskUuid, { results: false });
    expect(without.steps.map(({ results }) => results?.result)).toEqual(STEPS.map(() => null));
  });

  it('is answered by GET without any', async () => {
    for (const query of ['', '?wait_seconds=1']) {
      const { bytes, body } = await read(`/v1/tasks/${taskUuid}${query}`);
      expect(body).toMatchObject({ status: 'complete', completed_steps: 40 });
      expect(bytes).toBeLessThan(MiB / 4);
    }
  });

  it.each([
    ['summary', 2],
    ['workflow_steps', 1],
  ])('is answered by %s with 8 MiB of them, and a mark on each other step', async (path, times) => {
    const { bytes, body } = await read(`/v1/tasks/${taskUuid}/${path}`);
    // The summary has each result twice.
    expect(bytes).toBeGreaterThan(times * 7 * MiB);
    expect(bytes).toBeLessThan(times * 8 * MiB + MiB / 2);
    const steps: { readonly name: string; readonly step_uuid: string; readonly results_omitted?: boolean }[] =
      body.steps ?? body;
    expect(steps.map(({ name }) => name)).toEqual(STEPS);
    const omitted = steps.filter(({ results_omitted }) => results_omitted === true);
    expect(omitted).toHaveLength(29);
    if (path === 'summary') expect(Object.keys(body.results)).toHaveLength(11);
    const alone = await read(`/v1/tasks/${taskUuid}/workflow_steps/${omitted[0]?.step_uuid}`);
    expect(alone.body.results.result).toHaveLength(1_000_000);
    expect(alone.body).not.toHaveProperty('results_omitted');
  });
});

describe('Results that handlers ask for', () => {
  it('are read 8 MiB at a time, and all of them', async () => {
    const reader = api.worker.app.get(StepResultReader);
    const results = await Promise.all(STEPS.map((name) => reader.read(taskUuid, name)));
    expect(results.map((result) => JSON.stringify(result).length)).toEqual(
      STEPS.map((name, n) => (n < 3 ? name.length : 1_000_000) + 2),
    );
    const names = [...STEPS, 'nothing'];
    const rows = await api.lab.rows<{ left_out: boolean }>(
      'SELECT left_out FROM tasker.read_step_results($1, $2) ORDER BY ordinal',
      [names.map(() => taskUuid), names],
    );
    expect(rows.map(({ left_out }) => left_out)).toEqual(STEPS.map((_, n) => n >= 3 + 9));
  });
});

describe('An audit', () => {
  it('comes in pages of 100 entries and 8 MiB, each with a link to the next', async () => {
    const { taskUuid: audited } = await api.worker.client.submit(requestFor(BROKEN));
    const { steps } = await api.worker.client.waitFor(audited);
    await api.lab.rows(
      `INSERT INTO tasker.events (task_uuid, recorded_at, step_index, kind, attempt, detail)
       SELECT $1, now(), 0, 2, 1, json_build_object('message', n::text, 'error_code', 'X', 'context',
         json_build_object('pad', CASE WHEN n > 150 THEN repeat('x', 1000000) END))
       FROM generate_series(1, 170) n`,
      [audited],
    );
    const path = `/v1/tasks/${audited}/workflow_steps/${steps[0]?.stepUuid}/audit`;
    const seen: string[] = [];
    const counts: number[] = [];
    let query = '';
    for (;;) {
      const answer = await fetch(`${api.url}${path}${query}`);
      const text = await answer.text();
      expect(Buffer.byteLength(text)).toBeLessThan(2 * 8 * MiB + MiB);
      const entries: readonly { readonly result: { readonly error: { readonly message: string } } }[] =
        JSON.parse(text);
      counts.push(entries.length);
      seen.push(...entries.map(({ result }) => result.error.message));
      const link = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '');
      if (link === null) break;
      query = link[1] ?? '';
    }
    expect(counts).toEqual([100, 59, 8, 4]);
    expect(seen.slice(1)).toEqual(Array.from({ length: 170 }, (_, n) => String(n + 1)));
    for (const cursor of ['x', '', '-1', '1e3', '9'.repeat(19)])
      expect((await api.get(`${path}?cursor=${cursor}`)).status).toBe(400);
    expect((await api.get(`${path}?cursor=${'9'.repeat(18)}`)).body).toEqual([]);
  });
});

describe('A list', () => {
  it('has 4 MiB of contexts, the smallest first, and a mark on each other task', async () => {
    const requests = Array.from({ length: 12 }, () => ({
      ...requestFor(LARGE, { small: true }),
      initiator: 'list',
    }));
    await api.worker.client.submitMany(requests);
    await api.lab.rows(
      `UPDATE tasker.tasks SET context = json_build_object('n', n.place, 'pad', repeat('x', 1000000))
       FROM (SELECT task_uuid, row_number() OVER (ORDER BY task_uuid) AS place FROM tasker.tasks WHERE initiator = 'list') n
       WHERE n.task_uuid = tasks.task_uuid AND n.place > 2`,
    );
    const { bytes, body } = await read('/v1/tasks?initiator=list&per_page=100');
    expect(bytes).toBeGreaterThan(3 * MiB);
    expect(bytes).toBeLessThan(4 * MiB + MiB / 4);
    const tasks: readonly {
      readonly task_uuid: string;
      readonly context: object;
      readonly context_omitted?: boolean;
    }[] = body.tasks;
    const omitted = tasks.filter(({ context_omitted }) => context_omitted === true);
    expect(tasks).toHaveLength(12);
    expect(omitted.map(({ context }) => context)).toEqual(Array.from({ length: 6 }, () => ({})));
    expect(tasks.slice(-2).map(({ context }) => context)).toEqual([{ small: true }, { small: true }]);
    const alone = await read(`/v1/tasks/${omitted[0]?.task_uuid}`);
    expect(alone.body.context.pad).toHaveLength(1_000_000);
  });
});

describe('A client that takes nothing of its answer', () => {
  it('is let go, and its answer with it', async () => {
    const server: unknown = api.worker.app.getHttpServer();
    if (!(server instanceof Server)) throw new Error('there is no HTTP server');
    const accepted = once(server, 'connection');
    const client = connect(api.port, '127.0.0.1').pause();
    client.write(`GET /v1/tasks/${taskUuid}/summary HTTP/1.1\r\nHost: lab\r\n\r\n`);
    const [socket]: unknown[] = await accepted;
    if (!(socket instanceof Socket)) throw new Error('the server told of no socket');
    await once(socket, 'close');
    expect(socket.bytesWritten).toBeGreaterThan(0);
    client.destroy();
  });
});

describe('An error', () => {
  it('keeps no more than 64 KiB of context', async () => {
    const { taskUuid: broken } = await api.worker.client.submit(requestFor(BROKEN));
    const { steps } = await api.worker.client.waitFor(broken);
    expect(steps[0]?.results?.error).toMatchObject({
      context: { dropped: expect.stringMatching(/900\d\d\d bytes; at most 65536 are kept/) },
    });
    expect(steps[0]?.results?.error?.message).toHaveLength(10_000);
  });
});
