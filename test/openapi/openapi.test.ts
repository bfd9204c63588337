import type { NestExpressApplication } from '@nestjs/platform-express';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { BacklogMonitor } from '../../src/backlog/index.js';
import { STATUS_OF_CODE } from '../../src/http/error-codes.js';
import { PERMISSIONS } from '../../src/http/security/permission.js';
import { PermanentStepError, RetryableStepError, STEP_STATES, TASK_STATUSES } from '../../src/index.js';
import { ApiLab, JOB, REQUEST } from '../api/api-lab.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import type { Workflow } from '../support/workflows.js';
import { ApiDocument } from './api-document.js';
import type { DocumentedOperation } from './api-document.js';
import { DocumentedService } from './documented-service.js';

const RETRIES = { max_attempts: 3, backoff: 'linear', backoff_base_ms: 3_600_000, max_backoff_ms: 3_600_000 };
const good = workflow('good', { give: {}, take: { dependencies: ['give'] } });
const bad = workflow('bad', { break: {}, after: { handler: { callable: 'take' }, dependencies: ['break'] } });
const later = workflow('later', { put_off: { retry: RETRIES } });
const strict = workflow('strict', { give: {} }, { identity_strategy: 'strict' });

const HANDLERS = {
  give: () => ({ given: [1, null, 'x'] }),
  take: () => 'taken',
  break: () => {
    throw new PermanentStepError('It is broken', { errorCode: 'BROKEN', context: { part: 7 } });
  },
  put_off: () => {
    throw new RetryableStepError('Not now');
  },
};

let api: ApiLab;
let document: ApiDocument;
let service: DocumentedService;

beforeAll(async () => {
  api = await ApiLab.start({ handlers: HANDLERS }, good, bad, later, strict);
  document = await ApiDocument.of(api.url);
  service = new DocumentedService(document);
});

afterAll(() => api.stop());

describe('The document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...document.object });
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    expect(document.object.openapi).toBe('3.1.0');
  });

  it('has every route that the service has, and no other', () => {
    const documented = document.operations.map(({ method, path }) => `${method} ${path}`);
    expect(documented.toSorted()).toEqual(routesOf(api.worker.app).toSorted());
    expect(new Set(document.operations.map(({ operationId }) => operationId)).size).toBe(documented.length);
  });

  it('names every error and every state, and how callers say who they are', () => {
    const { schemas, securitySchemes } = document.object.components;
    expect(schemas).toMatchObject({
      ErrorCode: { enum: Object.keys(STATUS_OF_CODE) },
      TaskStatus: { enum: TASK_STATUSES },
      StepState: { enum: STEP_STATES },
    });
    expect(securitySchemes).toMatchObject({
      apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      bearer: { type: 'http', scheme: 'bearer' },
    });
    for (const { path, security } of document.operations)
      expect([path, security === undefined]).toEqual([path, /^\/(?:health|metrics)/.test(path)]);
  });

  it('gives examples of every body and every error, and they are what it says they have to be', () => {
    for (const { method, path, requestBody, responses } of document.operations) {
      const place = ['paths', path, method.toLowerCase()];
      const bodies = Object.entries(requestBody?.content ?? {}).map(
        ([type, media]) => [[...place, 'requestBody', 'content', type, 'schema'], media] as const,
      );
      const answers = Object.entries(responses)
        .filter(([status]) => status !== '200' && !(status === '503' && path.startsWith('/health')))
        .flatMap(([status, { content }]) =>
          Object.entries(content).map(
            ([type, media]) => [[...place, 'responses', status, 'content', type, 'schema'], media] as const,
          ),
        );
      for (const [at, { examples = {} }] of [...bodies, ...answers]) {
        expect([at, Object.keys(examples).length]).not.toEqual([at, 0]);
        for (const { value } of Object.values(examples)) expect(document.faults(at, value)).toEqual([]);
      }
    }
  });

  it('gives examples of fields that are what it says they have to be', () => {
    const examples = Object.entries(document.object.components.schemas).flatMap(([name, schema]) =>
      Object.entries(propertiesOf(schema)).flatMap(([field, property]) =>
        'example' in property
          ? [{ at: ['components', 'schemas', name, 'properties', field], value: property.example }]
          : [],
      ),
    );
    expect(examples.length).toBeGreaterThan(80);
    for (const { at, value } of examples) expect(document.faults(at, value)).toEqual([]);
  });
});

describe('The page at /docs', () => {
  it('comes with all that it loads, and its policy lets it load that', async () => {
    const page = await fetch(`${api.url}/docs`);
    const html = await page.text();
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self'");
    // By plain http from another machine a browser would look for the scripts by https, where nobody listens.
    expect(policy).not.toContain('upgrade-insecure-requests');
    expect(html).not.toMatch(/<script>(?!\s*<\/script>)/);
    const loaded = Array.from(html.matchAll(/(?:src|href)="([^"]+)"/g), ([, path = '']) => path);
    expect(loaded.length).toBeGreaterThan(4);
    for (const path of loaded) {
      const answer = await fetch(new URL(path, `${api.url}/docs`));
      expect([path, answer.status]).toEqual([path, 200]);
      await answer.arrayBuffer();
    }
  });

  it('is not there where the process serves probes only', async () => {
    const { url } = await api.lab.worker({
      enableWebApi: true,
      handlers: { ...HANDLERS, wait: () => 1 },
      settings: { role: 'worker' },
    });
    expect((await fetch(`${url}/docs-json`)).status).toBe(404);
  });
});

/** Another process of the same service, that serves the API only. */
async function serve(settings: object): Promise<string> {
  const config = { enableWebApi: true, handlers: {}, settings: { role: 'api' as const, ...settings } };
  return (await api.lab.worker(config)).url ?? '';
}

/** A task that has come as far as it comes, and its first step. */
async function settled(
  of: Workflow,
  status: string,
): Promise<{ readonly uuid: string; readonly stepUuid: string }> {
  const uuid = uuidOf(await service.ask(api.url, 'submitTask', { body: requestFor(of) }));
  await until(`the task is ${status}`, async () => {
    const { body } = await service.ask(api.url, 'getTask', { params: { uuid } });
    return Reflect.get(Object(body), 'status') === status;
  });
  const { body: steps } = await api.get(`/v1/tasks/${uuid}/workflow_steps`);
  return { uuid, stepUuid: steps[0].step_uuid };
}

function uuidOf({ body }: { readonly body: unknown }): string {
  return String(Reflect.get(Object(body), 'task_uuid'));
}

const TASK_READERS = ['getTask', 'getTaskSummary', 'listSteps'];
const STEP_READERS = ['getStep', 'getStepAudit'];

describe('Real answers are what the document says', () => {
  it('of every task, wherever it stands', async () => {
    const tasks = [
      await settled(good, 'complete'),
      await settled(bad, 'blocked_by_failures'),
      await settled(later, 'waiting_for_retry'),
      await settled(JOB, 'steps_in_process'),
    ];
    for (const params of tasks) {
      for (const id of [...TASK_READERS, ...STEP_READERS]) await service.ask(api.url, id, { params });
    }
    const [ended] = tasks;
    await service.ask(api.url, 'followTask', { params: { uuid: ended?.uuid ?? '' } });
    await service.ask(api.url, 'listTasks', { query: 'per_page=2' });
    await service.ask(api.url, 'listTasks', { query: 'status=waiting_for_retry&namespace=lab' });
    for (const params of tasks) await service.ask(api.url, 'cancelTask', { params });
    expect(service.faults).toEqual([]);
  });

  it('of every action by hand', async () => {
    for (const action of [
      { action_type: 'reset_for_retry', reset_by: 'ada' },
      { action_type: 'resolve_manually', resolved_by: 'ada' },
      { action_type: 'complete_manually', completed_by: 'ada', completion_data: { result: [1] } },
      { action_type: 'explode' },
    ]) {
      const params = await settled(bad, 'blocked_by_failures');
      await service.ask(api.url, 'actOnStep', { params, body: { ...action, reason: 'It is back' } });
      await service.ask(api.url, 'getStepAudit', { params });
    }
    expect(service.faults).toEqual([]);
  });

  it('of everything about the service itself', async () => {
    const template = { namespace: 'lab', name: 'good', version: '1.0.0' };
    await service.ask(api.url, 'listTemplates');
    await service.ask(api.url, 'getTemplate', { params: template });
    await service.ask(api.url, 'validateTemplate', { params: template });
    for (const { operationId, path } of document.operations)
      if (/^\/(?:health|metrics|config)/.test(path)) await service.ask(api.url, operationId);
    expect(service.faults).toEqual([]);
  });

  it('where a request is not good', async () => {
    const { tasks } = { tasks: [REQUEST, { ...REQUEST, name: 'nobody' }, 1, { ...REQUEST, no: 1 }] };
    await service.ask(api.url, 'submitTasks', { body: { tasks } });
    for (const operation of document.operations) {
      const { operationId: id, path, requestBody, parameters = [] } = operation;
      if (path.includes('{uuid}')) {
        await service.ask(api.url, id, { params: { uuid: 'nope' } });
        // Nobody is there.
        await service.ask(api.url, id, {
          ...(requestBody && { body: { action_type: 'reset_for_retry', reason: 'r', reset_by: 'b' } }),
        });
      }
      if (path.includes('{version}')) {
        await service.ask(api.url, id);
        await service.ask(api.url, id, { params: { name: '%ff' } });
      }
      if (parameters.some((parameter) => parameter.in === 'query'))
        await service.ask(api.url, id, { query: 'nonsense=1' });
      if (requestBody !== undefined) {
        await service.ask(api.url, id, { body: '{"name":' });
        await service.ask(api.url, id, { body: { nonsense: 1 } });
        await service.ask(api.url, id, { body: 'x'.repeat(1_100_000) });
        await service.ask(api.url, id, { body: '{}', headers: { 'content-type': 'text/plain' } });
      }
    }
    await service.ask(api.url, 'submitTask', { body: { ...REQUEST, name: 'nobody' } });
    await service.ask(api.url, 'submitTask', { body: requestFor(strict) });
    await service.ask(api.url, 'submitTask', { body: requestFor(strict) });
    expect(service.faults).toEqual([]);
  });

  it('where callers have to say who they are, or ask too often', async () => {
    const keys = PERMISSIONS.map((name) => ({ name, key: `a-key-for-${name}`, permissions: [name] }));
    const guarded = await serve({ apiKeys: JSON.stringify(keys) });
    const limited = await serve({ rateLimit: 1 });
    // It answers that it can't tell who asks.
    const closed = { jwksUrl: 'http://127.0.0.1:1/', jwtIssuer: 'i', jwtAudience: 'a' };
    const keyless = await serve(closed);
    await fetch(`${limited}/config`);
    for (const { operationId: id, security, path } of document.operations) {
      if (security === undefined) continue;
      const none = await service.ask(guarded, id);
      expect([id, none.status, none.headers.has('www-authenticate')]).toEqual([id, 401, true]);
      const others = path.startsWith('/v1/templates') ? 'tasks:create' : 'templates:validate';
      const headers = { 'x-api-key': `a-key-for-${others}` };
      expect([id, (await service.ask(guarded, id, { headers })).status]).toEqual([id, 403]);
      const refused = await service.ask(limited, id);
      expect([id, refused.status, refused.headers.has('retry-after')]).toEqual([id, 429, true]);
      const authorization = `Bearer ${['{"alg":"RS256"}', '{}', ''].map((part) => Buffer.from(part).toString('base64url')).join('.')}`;
      expect([id, (await service.ask(keyless, id, { headers: { authorization } })).status]).toEqual([
        id,
        503,
      ]);
    }
    expect(service.faults).toEqual([]);
  });

  it('where the database is slow, away or broken, or too much waits', async () => {
    const sick = await ApiLab.start({ settings: { role: 'api', maxBacklog: 1 } });
    const proxy = await TcpProxy.before(sick.lab.databaseUrl);
    try {
      const askAll = async (url: string) =>
        Promise.all(
          document.operations.map((operation) => service.ask(url, operation.operationId, needs(operation))),
        );

      const slow = await sick.lab.worker({
        enableWebApi: true,
        handlers: {},
        settings: { role: 'api', requestTimeoutSeconds: 1 },
      });
      const letGo = await sick.lab.hold(
        'BEGIN; LOCK TABLE tasker.tasks, tasker.steps, tasker.templates IN ACCESS EXCLUSIVE MODE',
      );
      const asked = document.operations.filter(
        ({ responses, operationId }) => responses['408'] !== undefined && !INSTANT.has(operationId),
      );
      const answers = await Promise.all(
        asked.map((operation) => service.ask(slow.url ?? '', operation.operationId, needs(operation))),
      );
      await letGo();
      expect(answers.map(({ status }) => status)).toEqual(asked.map(() => 408));

      const away = await sick.lab.worker({
        enableWebApi: true,
        handlers: {},
        settings: { role: 'api', databaseUrl: proxy.url },
      });
      proxy.close();
      await askAll(away.url ?? '');

      await sick.worker.client.submitMany([REQUEST, REQUEST]);
      await sick.worker.app.get(BacklogMonitor).look(0);
      const full = await service.ask(sick.url, 'submitTask', { body: REQUEST });
      expect([full.status, full.headers.get('retry-after')]).toEqual([503, '5']);
      const many = await service.ask(sick.url, 'submitTasks', { body: { tasks: [REQUEST, REQUEST] } });
      expect([many.status, many.headers.get('retry-after')]).toEqual([503, '5']);

      const broken = await sick.lab.worker({ enableWebApi: true, handlers: {}, settings: { role: 'api' } });
      await sick.lab.rows('ALTER SCHEMA tasker RENAME TO gone');
      await askAll(broken.url ?? '');
      await sick.lab.rows('ALTER SCHEMA gone RENAME TO tasker');
    } finally {
      await sick.stop();
      await proxy.end();
    }
    expect(service.faults).toEqual([]);
  });

  it('and there is none in the document that was not seen here', () => {
    const documented = document.operations.flatMap(({ operationId, responses }) =>
      Object.keys(responses).map((status) => `${operationId} ${status}`),
    );
    const unseen = documented.filter((answer) => !service.seen.has(answer));
    // They ask nobody, so that nothing can keep them waiting or go wrong for them.
    expect(unseen.toSorted()).toEqual([...INSTANT].flatMap((id) => [`${id} 408`, `${id} 500`]).toSorted());
  });
});

const INSTANT: ReadonlySet<string> = new Set([
  'getHealth',
  'getLiveness',
  'getReadiness',
  'getDetailedHealth',
  'getMetrics',
  'getWorkerMetrics',
  'getEventMetrics',
  'getConfig',
]);

/** What makes an operation ask the database. */
function needs({ operationId }: DocumentedOperation): { readonly body?: object } {
  if (operationId === 'submitTask') return { body: REQUEST };
  if (operationId === 'submitTasks') return { body: { tasks: [REQUEST] } };
  if (operationId === 'actOnStep')
    return { body: { action_type: 'reset_for_retry', reason: 'r', reset_by: 'b' } };
  return {};
}

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

/** The routes that the HTTP server itself has, the document's own apart. */
function routesOf(app: NestExpressApplication): readonly string[] {
  const express: { readonly router: { readonly stack: readonly Layer[] } } = app
    .getHttpAdapter()
    .getInstance();
  return express.router.stack.flatMap(({ route }) =>
    route === undefined || route.path.startsWith('/docs')
      ? []
      : Object.keys(route.methods).map(
          (method) => `${method.toUpperCase()} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`,
        ),
  );
}

function propertiesOf(schema: object): Readonly<Record<string, object>> {
  return 'properties' in schema && typeof schema.properties === 'object' ? { ...schema.properties } : {};
}
