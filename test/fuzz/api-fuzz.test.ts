import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assert, asyncProperty, constant, constantFrom, oneof, record, tuple } from 'fast-check';
import type { Arbitrary } from 'fast-check';

import { MAX_BODY_BYTES } from '../../src/http/json-body.middleware.js';
import { PermanentStepError } from '../../src/index.js';
import { ApiLab, REQUEST, UNKNOWN_UUID } from '../api/api-lab.js';
import { expectContract } from '../contract/contract.js';
import { ApiDocument } from '../openapi/api-document.js';
import type { DocumentedOperation } from '../openapi/api-document.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import { closeConnections, send } from './raw-request.js';
import type { RawAnswer, RawRequest } from './raw-request.js';
import { bodyLike, headers, nastyText, queryOf } from './request.arbitrary.js';
import type { RawBody } from './request.arbitrary.js';

/** Requests for each operation; FUZZ_SEED repeats a run. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 60);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2_147_483_647);
const TIMEOUT_MS = 60_000 + RUNS * 500;

const wide = workflow(
  'wide',
  { a: {}, b: { dependencies: ['a'] }, c: { dependencies: ['a'] }, d: { dependencies: ['b', 'c'] } },
  { input_schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } },
);
const bad = workflow('bad', { break: {}, after: { dependencies: ['break'] } });

/** Every field that a request can have. */
const SUBMIT = {
  ...requestFor(wide, { n: 1, list: [1, null, { deep: 'x' }] }),
  initiator: 'fuzz',
  source_system: 'tests',
  reason: 'to see',
  tags: ['a'],
  priority: 1,
  correlation_id: UNKNOWN_UUID,
  parent_correlation_id: UNKNOWN_UUID,
  requested_at: '2026-01-31T12:00:00Z',
  options: { x: 1 },
  claim_timeout_seconds: 30,
};
const STEPS: Readonly<Record<string, number>> = { wide: 4, bad: 2, job: 1 };

const ACTIONS = [
  { action_type: 'reset_for_retry', reason: 'back', reset_by: 'ada' },
  { action_type: 'resolve_manually', reason: 'done', resolved_by: 'ada' },
  {
    action_type: 'complete_manually',
    completion_data: { result: 1, metadata: {} },
    reason: 'r',
    completed_by: 'ada',
  },
];

let api: ApiLab;
let document: ApiDocument;
let ended: string;
let blocked: { readonly uuid: string; readonly stepUuid: string };

beforeAll(async () => {
  api = await ApiLab.start(
    {
      settings: { maxBacklog: 1_000_000 },
      handlers: {
        a: () => 1,
        b: () => 1,
        c: () => 1,
        d: () => 1,
        after: () => 1,
        break: () => {
          throw new PermanentStepError('no');
        },
      },
    },
    wide,
    bad,
  );
  document = await ApiDocument.of(api.url);
  ended = await settled({ ...SUBMIT, correlation_id: null });
  blocked = await blockedStep();
});

afterAll(async () => {
  closeConnections();
  await api.stop();
});

async function settled(request: object): Promise<string> {
  const { body } = await api.post(request).expect(200);
  await api.get(`/v1/tasks/${body.task_uuid}?wait_seconds=60`).expect(200);
  return body.task_uuid;
}

async function blockedStep(): Promise<{ readonly uuid: string; readonly stepUuid: string }> {
  const uuid = await settled(requestFor(bad));
  const { body: steps } = await api.get(`/v1/tasks/${uuid}/workflow_steps`);
  return { uuid, stepUuid: steps[0].step_uuid };
}

/** Stand in paths for a step in error, and its task: what is done to one leaves it to the next request to have another. */
const BLOCKED = '<blocked>';
const BLOCKED_STEP = '<blocked-step>';

interface Generated {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RawBody | null;
}

/** Requests for an operation: good ones, nearly good ones, and nonsense. */
function requestsFor(operation: DocumentedOperation): Arbitrary<Generated> {
  const { parameters = [], operationId } = operation;
  const inQuery = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const query = oneof(constant(''), queryOf(inQuery));
  return record({
    path: tuple(pathsOf(operation), query).map((parts) => parts.filter((part) => part !== '').join('?')),
    headers,
    body: bodiesFor(operationId),
  });
}

function pathsOf({ path }: DocumentedOperation): Arbitrary<string> {
  const parts = path.split('/').map((part) => {
    const [, name] = /^\{(\w+)\}$/.exec(part) ?? [];
    if (name === undefined) return constant(part);
    return oneof(
      { weight: 3, arbitrary: constantFrom(...goodValuesOf(name)) },
      { weight: 2, arbitrary: nastyText },
    );
  });
  return tuple(...parts).map((all) => all.join('/'));
}

/** The first of each is good for every operation. */
function goodValuesOf(name: string): readonly [string, ...string[]] {
  if (name === 'uuid') return [BLOCKED, BLOCKED, ended, UNKNOWN_UUID, UNKNOWN_UUID.toUpperCase()];
  if (name === 'stepUuid') return [BLOCKED_STEP, BLOCKED_STEP, UNKNOWN_UUID];
  if (name === 'namespace') return ['lab', 'nowhere'];
  return name === 'name' ? ['wide', 'bad'] : ['1.0.0', '9.9.9'];
}

/** A request that nothing is wrong with. */
function goodRequest({ operationId, path }: DocumentedOperation): Generated {
  return {
    path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => goodValuesOf(name)[0]),
    headers: {},
    body: GOOD_BODIES.has(operationId)
      ? {
          bytes: Buffer.from(JSON.stringify(GOOD_BODIES.get(operationId))),
          headers: { 'content-type': 'application/json' },
        }
      : null,
  };
}

const GOOD_BODIES: ReadonlyMap<string, object> = new Map<string, object>([
  ['submitTask', SUBMIT],
  ['submitTasks', { tasks: [SUBMIT] }],
  ['actOnStep', { action_type: 'resolve_manually', reason: 'done', resolved_by: 'ada' }],
]);

function bodiesFor(id: string): Arbitrary<RawBody | null> {
  if (id === 'submitTask') return bodyLike(SUBMIT);
  if (id === 'submitTasks')
    return oneof(
      bodyLike({ tasks: [SUBMIT, requestFor(bad), { ...REQUEST, no: 1 }] }),
      bodyLike(SUBMIT).map(inBatch),
    );
  if (id === 'actOnStep') return oneof(...ACTIONS.map((action) => bodyLike(action)));
  // Nobody reads it.
  return oneof(
    { weight: 9, arbitrary: constant(null) },
    { weight: 1, arbitrary: bodyLike(SUBMIT).map(withoutField) },
  );
}

function withoutField({ bytes, headers: sent }: RawBody): RawBody {
  return { bytes, headers: sent };
}

function inBatch({ bytes, headers: sent }: RawBody): RawBody {
  return { bytes: Buffer.concat([OPEN, bytes, CLOSE]), headers: sent, field: 'tasks' };
}

const OPEN = Buffer.from('{"tasks":[');
const CLOSE = Buffer.from(']}');

async function ask(operation: DocumentedOperation, { path, body, ...more }: Generated): Promise<RawAnswer> {
  const request: RawRequest = {
    method: operation.method,
    // Node lets nothing else out; a client in another language could send it, and gets 400 from Node's own parser.
    path: path
      .replaceAll(BLOCKED, blocked.uuid)
      .replaceAll(BLOCKED_STEP, blocked.stepUuid)
      .replaceAll(/[^\x21-\x7e]/g, encodeURIComponent),
    headers: {
      ...more.headers,
      ...body?.headers,
      ...(body !== null && { 'content-length': String(body.bytes.length) }),
    },
    body: body?.bytes ?? null,
  };
  return send(api.url, request);
}

/** What may be answered to nonsense: what it asked for, or an error that a client can use. */
function expectSense(answer: RawAnswer, { body, path }: Generated): void {
  const { status, text } = answer;
  if (status === 200) return;
  if (status === 503 && path.startsWith('/health')) return;
  expect([400, 404, 405, 409, 413, 415, 431]).toContain(status);
  expect(text).not.toMatch(/\bat \S+ \(|node_modules|SELECT |INSERT |pg_|\.ts:\d/);
  const error: unknown = JSON.parse(text);
  expectContract('ErrorResponse', error);
  const { code, details } = parseError(error);
  if (status !== 400) return;
  expect(['BAD_REQUEST', 'JSON_ERROR', 'INVALID_UUID']).toContain(code);
  if (body?.field === undefined || details === undefined) return;
  // The query is looked at as well, and may be what is wrong first.
  if (!path.includes('?'))
    expect(details.some((detail) => detail.path.split(/[.[]/)[0] === body.field || detail.path === '$')).toBe(
      true,
    );
}

function parseError(value: unknown): {
  readonly code: string;
  readonly details?: readonly { readonly path: string }[];
} {
  return Reflect.get(Object(value), 'error');
}

/** Tasks, and those of them that do not have all of their steps. */
async function tasksInDatabase(): Promise<{ readonly all: number; readonly torn: number }> {
  const [row] = await api.lab.rows<{ all: number; torn: number }>(
    `SELECT count(*)::integer AS all, count(*) FILTER (WHERE steps IS DISTINCT FROM ($1::jsonb ->> name)::integer)::integer AS torn
     FROM (
       SELECT p.name, (SELECT count(*) FROM tasker.steps s WHERE s.task_uuid = t.task_uuid) AS steps
       FROM tasker.tasks t JOIN tasker.templates p USING (template_id)
     ) counted`,
    [JSON.stringify(STEPS)],
  );
  return row ?? { all: -1, torn: -1 };
}

const ACTING: ReadonlySet<string> = new Set(['cancelTask', 'actOnStep']);

async function eventsOfBlocked(): Promise<number> {
  const [row] = await api.lab.rows<{ events: number }>(
    'SELECT count(*)::integer AS events FROM tasker.events WHERE task_uuid = $1',
    [blocked.uuid],
  );
  return row?.events ?? -1;
}

/** What is refused has changed nothing; what was done is recorded, and the next one gets a step of its own. */
async function expectAct({ status }: RawAnswer, eventsBefore: number): Promise<void> {
  const events = await eventsOfBlocked();
  if (status !== 200) expect(events).toBe(eventsBefore);
  else expect(events).toBeGreaterThan(eventsBefore);
  if (status === 200) blocked = await blockedStep();
}

/** How many tasks an answer stands for: those submitted, or the one that took an acted-on one's place. */
function acceptedBy(operationId: string, { status, text }: RawAnswer): number {
  if (status !== 200) return 0;
  if (ACTING.has(operationId) || operationId === 'submitTask') return 1;
  if (operationId !== 'submitTasks') return 0;
  const { tasks }: { tasks: readonly object[] } = JSON.parse(text);
  return tasks.filter((task) => 'task_uuid' in task).length;
}

const OPERATIONS = [
  'submitTask',
  'submitTasks',
  'listTasks',
  'getTask',
  'getTaskSummary',
  'cancelTask',
  'followTask',
  'listSteps',
  'getStep',
  'actOnStep',
  'getStepAudit',
  'listTemplates',
  'getTemplate',
  'validateTemplate',
  'getConfig',
  'getHealth',
  'getLiveness',
  'getReadiness',
  'getDetailedHealth',
  'getMetrics',
  'getWorkerMetrics',
  'getEventMetrics',
];

describe(`${RUNS} generated requests an operation (seed ${SEED})`, () => {
  it('are made for every operation', () => {
    expect(document.operations.map(({ operationId }) => operationId).toSorted()).toEqual(
      OPERATIONS.toSorted(),
    );
  });

  it.each(OPERATIONS)(
    '%s: no 500, no hang, nothing half-written, and an error that names the field',
    async (id) => {
      const operation = document.operation(id);
      const before = await tasksInDatabase();
      const statuses = new Map<number, number>();
      let accepted = 0;
      await assert(
        asyncProperty(requestsFor(operation), async (generated) => {
          const events = ACTING.has(id) ? await eventsOfBlocked() : 0;
          const answer = await ask(operation, generated);
          if (ACTING.has(id)) await expectAct(answer, events);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          accepted += acceptedBy(id, answer);
          expectSense(answer, generated);
        }),
        { numRuns: RUNS, seed: SEED, examples: [[goodRequest(operation)]] },
      );
      expect(await tasksInDatabase()).toEqual({ all: before.all + accepted, torn: 0 });
      // What was generated reached what it was made for.
      expect(statuses.get(200)).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it('bodies of 10 MB are refused by every operation that takes one, and those after them are answered', async () => {
    for (const operation of document.operations.filter(({ requestBody }) => requestBody !== undefined)) {
      const bytes = Buffer.alloc(10 * MAX_BODY_BYTES, 'x');
      const generated = {
        path: operation.path.replace('{uuid}', blocked.uuid).replace('{stepUuid}', blocked.stepUuid),
        headers: {},
        body: { bytes, headers: { 'content-type': 'application/json' } },
      };
      expect((await ask(operation, generated)).status).toBe(413);
    }
    await api.get('/health').expect(200);
  });

  it('the service works on after all that', async () => {
    const uuid = await settled(requestFor(wide, { n: 2 }));
    await until('everything that was accepted has ended', async () => {
      const { body } = await api.get('/v1/tasks?status=steps_in_process&namespace=lab');
      return body.pagination.total_count === 0;
    });
    const { body } = await api.get(`/v1/tasks/${uuid}`).expect(200);
    expect(body.status).toBe('complete');
  });
});
