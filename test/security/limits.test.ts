import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { SecuritySettings } from '../../src/config/index.js';
import { RateLimitedError } from '../../src/http/api.errors.js';
import { RequestLimiter } from '../../src/http/security/request.limiter.js';
import { expectContract } from '../contract/contract.js';
import { portOf } from '../support/port.js';
import { Lab } from '../support/lab.js';
import { requestFor, workflow } from '../support/workflows.js';

const job = workflow('job', { work: {} });

let lab: Lab;
let folder: string;

beforeAll(async () => {
  lab = await Lab.open(job);
  folder = await mkdtemp(join(tmpdir(), 'tasker-security-'));
});

afterAll(async () => {
  await lab.close();
  await rm(folder, { recursive: true, force: true });
});

async function serve(settings: object): Promise<string> {
  const { url } = await lab.worker({ enableWebApi: true, handlers: { work: () => 1 }, settings });
  return url ?? '';
}

describe('The rate limit', () => {
  it('refuses the requests past it with 429 and Retry-After; health is exempt', async () => {
    const url = await serve({ rateLimit: 3 });
    for (let n = 0; n < 3; n += 1) expect((await fetch(`${url}/v1/tasks`)).status).toBe(200);
    const refused = await fetch(`${url}/v1/templates`);
    expect(refused.status).toBe(429);
    const body: unknown = await refused.json();
    expectContract('ErrorResponse', body);
    expect(body).toMatchObject({ error: { code: 'RATE_LIMITED', retry_after_seconds: expect.any(Number) } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    for (let n = 0; n < 5; n += 1) expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});

describe('The rate limit where callers say who they are', () => {
  it('counts requests with wrong keys, tokens or none by their address, and refused ones by their key', async () => {
    const key = 'a key of sixteen characters';
    const apiKeys = JSON.stringify([{ name: 'shop', key, permissions: ['tasks:list'] }]);
    const url = await serve({ rateLimit: 3, apiKeys });
    const statusWith = async (headers: Record<string, string>, path = '/v1/tasks') =>
      (await fetch(`${url}${path}`, { headers })).status;
    expect(await statusWith({ 'x-api-key': 'wrong' })).toBe(401);
    expect(await statusWith({ authorization: 'Bearer a.b.c' })).toBe(401);
    expect(await statusWith({})).toBe(401);
    expect(await statusWith({ 'x-api-key': 'wrong' })).toBe(429);
    // A good key is counted by itself.
    expect(await statusWith({ 'x-api-key': key })).toBe(200);
    expect(await statusWith({ 'x-api-key': key }, '/v1/templates')).toBe(403);
    expect(await statusWith({ 'x-api-key': key })).toBe(200);
    expect(await statusWith({ 'x-api-key': key }, '/v1/templates')).toBe(429);
  });

  it('remembers 10,000 clients, and forgets the longest silent', async () => {
    const limiter = new RequestLimiter(Object.assign(new SecuritySettings(), { rateLimit: 1 }));
    for (let n = 0; n < 10_050; n += 1) await limiter.count(`address ${n}`);
    expect(limiter.remembered).toBe(10_000);
    expect(await limiter.count('address 0')).toBe(0);
    await expect(limiter.count('address 10049')).rejects.toThrow(RateLimitedError);
  });
});

describe('The request timeout', () => {
  it('answers 408 in the shape of every error, but to those who wait on purpose', async () => {
    const url = await serve({ requestTimeoutSeconds: 1, role: 'api' });
    const letGo = await lab.hold('BEGIN; LOCK TABLE tasker.tasks IN ACCESS EXCLUSIVE MODE');
    const answer = await fetch(`${url}/v1/tasks`);
    expect(answer.status).toBe(408);
    const body: unknown = await answer.json();
    expectContract('ErrorResponse', body);
    expect(body).toMatchObject({ error: { code: 'TIMEOUT' } });
    await letGo();

    const submitted = await fetch(`${url}/v1/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(requestFor(job)),
    });
    expect(submitted.status).toBe(200);
  });
});

describe('The request id', () => {
  it('is the client’s, and comes back; another is made for a bad one, or none', async () => {
    const url = await serve({});
    const idFor = async (sent: string | null, path = '/health') => {
      const answer = await fetch(`${url}${path}`, { headers: sent === null ? {} : { 'x-request-id': sent } });
      return answer.headers.get('x-request-id');
    };
    expect(await idFor('abc-123')).toBe('abc-123');
    expect(await idFor('on-an-error', '/nope')).toBe('on-an-error');
    const made = /^[\da-f-]{36}$/;
    expect(await idFor(null)).toMatch(made);
    expect(await idFor('with a blank')).toMatch(made);
    expect(await idFor('x'.repeat(129))).toMatch(made);
  });

  it('becomes the correlation id of a task that has none, if it is a uuid', async () => {
    const url = await serve({});
    const submit = async (id: string, fields: object = {}): Promise<unknown> => {
      const answer = await fetch(`${url}/v1/tasks`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': id },
        body: JSON.stringify({ ...requestFor(job), ...fields }),
      });
      const task: unknown = await answer.json();
      return Reflect.get(Object(task), 'correlation_id');
    };
    const [id, other] = [crypto.randomUUID(), crypto.randomUUID()];
    expect(await submit(id)).toBe(id);
    expect(await submit(id, { correlation_id: other })).toBe(other);
    expect(await submit('not-a-uuid')).not.toBe('not-a-uuid');
  });
});

describe('Headers', () => {
  it('are those that helmet sets, and those of CORS only for the origins that are named', async () => {
    const url = await serve({ corsOrigins: ['https://shop.example.com'] });
    const ask = (origin: string) => fetch(`${url}/health`, { headers: { origin } });
    const named = await ask('https://shop.example.com');
    expect(named.headers.get('x-content-type-options')).toBe('nosniff');
    expect(named.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(named.headers.get('x-powered-by')).toBeNull();
    expect(named.headers.get('access-control-allow-origin')).toBe('https://shop.example.com');
    expect((await ask('https://evil.example.com')).headers.get('access-control-allow-origin')).toBeNull();
    const plain = await serve({});
    const answer = await fetch(`${plain}/health`, { headers: { origin: 'https://shop.example.com' } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('An issuer', () => {
  it('that can’t be reached: 503, and not a hang', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const port = portOf(closed);
    closed.close();
    const url = await serve({
      jwksUrl: `http://127.0.0.1:${port}/`,
      jwtIssuer: 'i',
      jwtAudience: 'a',
    });
    const token = ['{"alg":"RS256","kid":"x"}', '{"sub":"ada"}', 'signature']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
    const answer = await fetch(`${url}/v1/tasks`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'SERVICE_UNAVAILABLE' } });
  });
});

describe('Bad settings', () => {
  const good = { name: 'shop', key: 'a key of sixteen characters', permissions: ['tasks:read'] };

  it.each([
    ['not json', /expected JSON/],
    ['{}', /expected a JSON array with at least one key/],
    [JSON.stringify([{ ...good, permissions: ['*'] }]), /\[0\]: "\*" would allow everything/],
    [
      JSON.stringify([{ ...good, permissions: ['tasks:fly'] }]),
      /"tasks:fly" is no permission; there are tasks:create/,
    ],
    [JSON.stringify([{ ...good, permissions: [] }]), /at least one permission/],
    [JSON.stringify([{ ...good, key: 'short' }]), /at least 16 characters/],
    [JSON.stringify([good, good]), /\[1\]: the name is taken/],
    [JSON.stringify([{ ...good, expires: 1 }]), /"expires" is not known/],
    [JSON.stringify([{ ...good, key_sha256: 'ab' }]), /either key or key_sha256/],
  ])('API keys %s', async (apiKeys, message) => {
    const failure: unknown = await serve({ apiKeys }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: expect.stringMatching(message) });
    expect(String(failure)).not.toContain(good.key);
  });

  it('files that are not there, or are not what they should be', async () => {
    await expect(serve({ apiKeysFile: join(folder, 'none.json') })).rejects.toThrow(
      /TASKER_API_KEYS_FILE.*none\.json/s,
    );
    const file = join(folder, 'jwks.json');
    await writeFile(file, '{"keys":[]}');
    const tokens = { jwksFile: file, jwtIssuer: 'i', jwtAudience: 'a' };
    await expect(serve(tokens)).rejects.toThrow(/TASKER_JWKS_FILE.*at least one key/s);
    await writeFile(file, 'not json');
    await expect(serve(tokens)).rejects.toThrow(/TASKER_JWKS_FILE.*JSON Web Key Set/s);
  });

  it('tokens without an issuer or an audience to hold them against', async () => {
    await expect(serve({ jwksUrl: 'http://127.0.0.1/' })).rejects.toThrow(
      /TASKER_JWT_ISSUER.*TASKER_JWT_AUDIENCE/s,
    );
    await expect(serve({ jwtIssuer: 'i' })).rejects.toThrow(/TASKER_JWT_ISSUER.*only together with/s);
  });
});
