import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ModulesContainer } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';

import { SecuritySettings } from '../../src/config/index.js';
import { UnauthorizedError } from '../../src/http/api.errors.js';
import { RouteCatalog } from '../../src/http/route.catalog.js';
import { PERMISSIONS, RequiresOneOf } from '../../src/http/security/permission.js';
import type { Permission } from '../../src/http/security/permission.js';
import { TokenVerifier } from '../../src/http/security/token.verifier.js';
import { PermanentStepError } from '../../src/index.js';
import type { TaskSequenceStep, WorkerHandle } from '../../src/index.js';
import { UNKNOWN_UUID } from '../api/api-lab.js';
import { expectContract } from '../contract/contract.js';
import { portOf } from '../support/port.js';
import { Lab } from '../support/lab.js';
import { requestFor, workflow } from '../support/workflows.js';

const ISSUER = 'https://issuer.example.com';
const AUDIENCE = 'tasker';
const job = workflow('job', { work: {} });
const hanging = workflow('hanging', { hang: {} });
const failing = workflow('failing', { give: {}, fail: { dependencies: ['give'] } });

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly permissions: readonly Permission[];
}

interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

const handlers = {
  work: () => 1,
  hang: ({ signal }: TaskSequenceStep) => once(signal, 'abort').then(() => 1),
  give: () => 'classified result',
  fail: () => {
    throw new PermanentStepError('It is broken', { context: { card: 'classified card' } });
  },
};

let lab: Lab;
let worker: WorkerHandle;
let operations: readonly Operation[];
let first: SigningKey;
let second: SigningKey;
/** What the issuer says its keys are. */
let published: readonly JWK[];
const issuer = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: published }));
});

const key = (permission: string) => `a-key-for-${permission}-and-nothing-else`;
const NO_KEY = 'a-key-that-nobody-was-ever-given';

beforeAll(async () => {
  [first, second] = [await signingKey('one'), await signingKey('two')];
  published = [first.jwk];
  issuer.listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  lab = await Lab.open(job, failing, hanging);
  worker = await lab.worker({
    enableWebApi: true,
    handlers,
    settings: {
      apiKeys: JSON.stringify([
        ...PERMISSIONS.map((name) => ({ name, key: key(name), permissions: [name] })),
        { name: 'all tasks', key: key('tasks:*'), permissions: ['tasks:*'] },
      ]),
      jwksUrl: `http://127.0.0.1:${portOf(issuer)}/jwks`,
      jwtIssuer: ISSUER,
      jwtAudience: AUDIENCE,
    },
  });
  operations = operationsOf(worker);
});

afterAll(async () => {
  await lab.close();
  issuer.close();
});

async function signingKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
}

/** Every operation that the running service has, so that a new one is tried without being added here. */
function operationsOf({ app }: WorkerHandle): readonly Operation[] {
  return new RouteCatalog(app.get(ModulesContainer)).list().map(({ method, path, handler }) => ({
    method,
    path: path
      .replaceAll(/:(?:uuid|stepUuid)/g, UNKNOWN_UUID)
      .replace(':namespace/:name/:version', 'lab/job/1.0.0'),
    permissions: Reflect.getMetadata(RequiresOneOf.KEY, handler),
  }));
}

async function ask(
  { method, path }: Pick<Operation, 'method' | 'path'>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: unknown; readonly headers: Headers }> {
  const leaving = new AbortController();
  const answer = await fetch(`${worker.url}${path}`, { method, headers, signal: leaving.signal });
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
  const body: unknown = isJson ? await answer.json() : null;
  leaving.abort();
  return { status: answer.status, body, headers: answer.headers };
}

function token(
  claims: { readonly exp?: number; readonly permissions?: unknown; readonly scope?: string } = {},
  signedBy: SigningKey = first,
): Promise<string> {
  return new SignJWT({ permissions: ['tasks:list'], ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: signedBy.jwk.kid ?? '' })
    .setSubject('ada')
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setExpirationTime(claims.exp ?? '5m')
    .sign(signedBy.privateKey);
}

const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const LIST = { method: 'GET', path: '/v1/tasks' };

describe('Every operation', () => {
  it('says who may ask for it', () => {
    expect(operations.length).toBeGreaterThan(15);
    for (const operation of operations) expect(operation).toHaveProperty('permissions', expect.any(Array));
  });

  it('is open without credentials if it is about health or metrics, and closed otherwise', async () => {
    for (const operation of operations) {
      const { status, body, headers } = await ask(operation);
      const open = /^\/(?:health|metrics|docs)/.test(operation.path);
      expect([operation.path, operation.permissions.length === 0]).toEqual([operation.path, open]);
      if (open) expect([operation.path, status]).toEqual([operation.path, 200]);
      else {
        expect([operation.path, status]).toEqual([operation.path, 401]);
        expectContract('ErrorResponse', body);
        expect(body).toMatchObject({ error: { code: 'UNAUTHORIZED' } });
        expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
    }
  });

  it('refuses a wrong key, a wrong token, and one with too little permission; takes one with enough', async () => {
    for (const operation of operations.filter(({ permissions }) => permissions.length > 0)) {
      const { path, permissions } = operation;
      expect([path, (await ask(operation, { 'x-api-key': NO_KEY })).status]).toEqual([path, 401]);
      expect([path, (await ask(operation, bearer('a.b.c'))).status]).toEqual([path, 401]);

      const others = PERMISSIONS.filter((permission) => !permissions.includes(permission));
      for (const other of [others[0], others.at(-1)]) {
        const { status, body } = await ask(operation, { 'x-api-key': key(other ?? '') });
        expect([path, status]).toEqual([path, 403]);
        expect(body).toMatchObject({
          error: { code: 'FORBIDDEN', message: expect.stringContaining(permissions[0] ?? '') },
        });
      }
      const allOthers = await token({ permissions: others });
      expect([path, (await ask(operation, bearer(allOthers))).status]).toEqual([path, 403]);

      for (const permission of permissions) {
        const byKey = await ask(operation, { 'x-api-key': key(permission) });
        expect([path, [401, 403].includes(byKey.status)]).toEqual([path, false]);
        const byToken = await ask(operation, bearer(await token({ permissions: [permission] })));
        expect([path, byToken.status]).toEqual([path, byKey.status]);
      }
    }
  });
});

describe('Permissions', () => {
  it('a wildcard allows its resource, and no other', async () => {
    expect((await ask(LIST, { 'x-api-key': key('tasks:*') })).status).toBe(200);
    const templates = { method: 'GET', path: '/v1/templates' };
    expect((await ask(templates, { 'x-api-key': key('tasks:*') })).status).toBe(403);
    expect((await ask(LIST, bearer(await token({ permissions: [], scope: 'openid tasks:*' })))).status).toBe(
      200,
    );
  });

  it.each([
    { permissions: ['*'] },
    { permissions: ['*:*'] },
    { permissions: '*' },
    { permissions: {} },
    { scope: '*' },
  ])('a token that says %j may do nothing', async (claims) => {
    expect((await ask(LIST, bearer(await token({ permissions: [], ...claims })))).status).toBe(403);
  });

  it('the context is kept from whoever may not read it', async () => {
    const { taskUuid } = await worker.client.submit({ ...requestFor(job), context: { secret: 1 } });
    const read = { method: 'GET', path: `/v1/tasks/${taskUuid}` };
    expect((await ask(read, { 'x-api-key': key('tasks:read') })).body).toMatchObject({ context: {} });
    expect((await ask(read, { 'x-api-key': key('tasks:*') })).body).toMatchObject({ context: { secret: 1 } });
    const listed = await ask(LIST, { 'x-api-key': key('tasks:list') });
    expect(JSON.stringify(listed.body)).not.toContain('secret');
  });

  it('a caller with every permission but steps:read gets no results and no error contexts', async () => {
    const { taskUuid } = await worker.client.submit(requestFor(failing));
    const { steps } = await worker.client.waitFor(taskUuid);
    const path = `/v1/tasks/${taskUuid}`;
    const failed = steps.find(({ name }) => name === 'fail')?.stepUuid ?? '';
    const all = await token({ permissions: PERMISSIONS });
    const noSteps = await token({ permissions: PERMISSIONS.filter((one) => one !== 'steps:read') });
    const answerTo = async (method: string, at: string, caller: string, body?: object) => {
      const answer = await fetch(`${worker.url}${at}`, {
        method,
        headers: { ...bearer(caller), 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, text: await answer.text() };
    };

    const summary = await answerTo('GET', `${path}/summary`, noSteps);
    expect(JSON.parse(summary.text)).toMatchObject({
      results: {},
      steps: [{ result: null }, { failure: { message: 'It is broken', context: {} } }],
    });
    expect((await answerTo('GET', `${path}/summary`, all)).text).toMatch(
      /classified result.*classified card/,
    );

    const completed = { completion_data: { result: 'classified by hand' }, reason: 'r', completed_by: 'ada' };
    const action = { action_type: 'complete_manually', ...completed };
    const acted = await answerTo('PATCH', `${path}/workflow_steps/${failed}`, noSteps, action);
    expect(JSON.parse(acted.text)).toMatchObject({ current_state: 'complete', results: null });

    for (const { method, path: other } of operations.filter((one) => one.method === 'GET')) {
      const at = other
        .replaceAll(UNKNOWN_UUID, taskUuid)
        .replace(`workflow_steps/${taskUuid}`, `workflow_steps/${failed}`);
      expect([method, at, (await answerTo('GET', at, noSteps)).text]).toEqual([
        method,
        at,
        expect.not.stringContaining('classified'),
      ]);
    }
  });
});

describe('A token', () => {
  it.each([
    ['of another issuer', { iss: 'https://evil.example.com' }],
    ['for another audience', { aud: 'other' }],
    ['that has expired', { exp: 1 }],
    ['that is not valid yet', { nbf: 4_000_000_000 }],
  ])('%s is refused', async (_, claims) => {
    const jwt = new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'ada', exp: 4_000_000_000, ...claims });
    const text = await jwt.setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(first.privateKey);
    const { status, body } = await ask(LIST, bearer(text));
    expect(status).toBe(401);
    expect(body).toMatchObject({ error: { message: expect.stringContaining('The token is not good') } });
  });

  it('without an end, or signed by nobody, or by a secret, is refused', async () => {
    const endless = await new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'ada' })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(first.privateKey);
    const claims = part({ iss: ISSUER, aud: AUDIENCE, sub: 'ada', exp: 4_000_000_000 });
    const unsigned = `${part({ alg: 'none' })}.${claims}.`;
    // The public key taken for a shared secret: whoever knows it could sign.
    const confused = await new SignJWT({ permissions: ['tasks:list'] })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .setSubject('ada')
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(JSON.stringify(first.jwk)));
    for (const text of [endless, unsigned, confused])
      expect((await ask(LIST, bearer(text))).status).toBe(401);
  });

  it('by a key that the issuer does not have (yet) is refused', async () => {
    expect((await ask(LIST, bearer(await token({}, second)))).status).toBe(401);
  });
});

describe('An open answer', () => {
  it('ends with the token that it was asked for with', async () => {
    const { taskUuid } = await worker.client.submit(requestFor(hanging));
    // It has expired, but for the five seconds by which clocks may differ.
    const ending = await token({ permissions: ['tasks:read'], exp: Math.floor(Date.now() / 1000) - 3 });
    const path = `${worker.url}/v1/tasks/${taskUuid}`;
    const stream = await fetch(`${path}/events`, { headers: bearer(ending) });
    expect(stream.status).toBe(200);
    const waiting = fetch(`${path}?wait_seconds=60`, { headers: bearer(ending) });
    expect(await stream.text()).toContain(': the token is no longer good');
    const waited = await waiting;
    expect(waited.status).toBe(401);
    expect(await waited.json()).toMatchObject({ error: { code: 'UNAUTHORIZED' } });
    await worker.client.cancel(taskUuid, { reason: 'The test is over' });
  });
});

describe('A key that is withdrawn', () => {
  it.each(['an issuer', 'a file'])('by %s is trusted for a minute, and no longer', async (by) => {
    const folder = await mkdtemp(join(tmpdir(), 'tasker-jwks-'));
    const jwksFile = join(folder, 'jwks.json');
    const publish = async (jwk: JWK): Promise<void> => {
      published = [jwk];
      await writeFile(jwksFile, JSON.stringify({ keys: [jwk] }));
    };
    await publish(first.jwk);
    const source = by === 'a file' ? { jwksFile } : { jwksUrl: `http://127.0.0.1:${portOf(issuer)}/jwks` };
    const settings = { ...source, jwtIssuer: ISSUER, jwtAudience: AUDIENCE };
    const tokens = TokenVerifier.fromSettings(Object.assign(new SecuritySettings(), settings));
    const [old, fresh] = [await token(), await token({}, second)];
    await expect(tokens?.verify(old)).resolves.toMatchObject({ subject: 'ada' });
    await publish(second.jwk);
    await expect(tokens?.verify(old)).resolves.toMatchObject({ subject: 'ada' });
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_001);
    try {
      await expect(tokens?.verify(old)).rejects.toThrow(UnauthorizedError);
      await expect(tokens?.verify(fresh)).resolves.toMatchObject({ subject: 'ada' });
    } finally {
      clock.mockRestore();
      await publish(first.jwk);
      await rm(folder, { recursive: true });
    }
  });
});

describe('A file of keys', () => {
  it('does in place of an issuer to ask', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tasker-jwks-'));
    const jwksFile = join(folder, 'jwks.json');
    await writeFile(jwksFile, JSON.stringify({ keys: [first.jwk] }));
    const { url } = await lab.worker({
      enableWebApi: true,
      handlers,
      settings: { jwksFile, jwtIssuer: ISSUER, jwtAudience: AUDIENCE },
    });
    const statusFor = async (text: string) =>
      (await fetch(`${url}/v1/tasks`, { headers: bearer(text) })).status;
    expect(await statusFor(await token())).toBe(200);
    expect(await statusFor(await token({}, second))).toBe(401);
    await rm(folder, { recursive: true });
  });
});

describe('GET /config', () => {
  it('says how callers are checked, and no secret', async () => {
    const { body } = await ask(
      { method: 'GET', path: '/config' },
      { 'x-api-key': key('system:config_read') },
    );
    expectContract('Config', body);
    expect(body).toMatchObject({
      auth: {
        enabled: true,
        verification_method: 'jwt_and_api_key',
        jwt_issuer: ISSUER,
        api_key_count: PERMISSIONS.length + 1,
        allowed_algorithms: ['RS256'],
      },
    });
    expect(JSON.stringify(body)).not.toMatch(/a-key-for|postgres:\/\//);
  });
});
