import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, it } from '@jest/globals';

import { ServiceProcess } from '../e2e/service-process.js';
import { createTestDatabase } from '../support/postgres-server.js';
import type { TestDatabase } from '../support/postgres-server.js';
import { Program } from '../support/program.js';

const BROKEN_START = fileURLToPath(new URL('../e2e/broken-start.process.ts', import.meta.url));

let database: TestDatabase | undefined;

afterEach(async () => {
  await Program.killAll();
  await database?.drop();
  database = undefined;
});

interface Line {
  readonly level: number;
  readonly message: string;
  readonly [field: string]: unknown;
}

function linesOf(output: string): readonly Line[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Line => JSON.parse(line));
}

describe('The log of the service', () => {
  it('says what a start waits for while it waits', async () => {
    const service = ServiceProcess.launch({
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere',
      TASKER_LOG_FORMAT: 'json',
    });
    await service.says(/"message":"The database does not answer yet/);
    expect(service.running).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ['SETTINGS_INVALID', { TASKER_MAX_CONCURRENCY: 'many' }],
    ['SETTINGS_INVALID', { TASKER_MAX_CONCURRENCY: 'many', TASKER_LOG_FORMAT: 'auto' }],
    ['TEMPLATE_LOAD_FAILED', { TASKER_TEMPLATE_PATH: 'no/such/folder' }],
  ])('ends with one line of JSON where the service can’t start: %s, %j', async (code, environment) => {
    database = await createTestDatabase();
    const service = ServiceProcess.launch({
      DATABASE_URL: database.url,
      TASKER_LOG_FORMAT: 'json',
      ...environment,
    });
    expect(await service.exited).toEqual({ code: 1, signal: null });
    const lines = linesOf(service.output);
    expect(lines).toHaveLength(service.output.trim().split('\n').length);
    expect(lines.filter(({ level }) => level >= 50)).toEqual([lines.at(-1)]);
    expect(lines.at(-1)).toMatchObject({
      level: 60,
      context: 'Tasker',
      code,
      message: expect.stringMatching(/many|no\/such\/folder/),
    });
  });

  it.each<[string, RegExp, Record<string, string>]>([
    ['a provider that is missing', /can't resolve dependencies/, { BROKEN: 'dependency' }],
    ['a factory that fails', /^The factory is broken$/, { BROKEN: 'factory' }],
    ['a hook that fails', /^The hook is broken$/, { BROKEN: 'hook' }],
    ['an error of PostgreSQL', /^division by zero$/, { BROKEN: 'statement' }],
    ['a factory, under its own logger', /^The factory is broken$/, { BROKEN: 'factory', OWN_LOGGER: 'yes' }],
    ['a factory, in migrate', /^The factory is broken$/, { BROKEN: 'factory', PROGRAM: 'migrate' }],
  ])('tells the reason once, with its stack and as the last line: %s', async (_, reason, environment) => {
    database = await createTestDatabase();
    const templates = await mkdtemp(join(tmpdir(), 'tasker-no-templates-'));
    try {
      const program = Program.typescript(BROKEN_START, {
        DATABASE_URL: database.url,
        TASKER_LOG_FORMAT: 'json',
        TASKER_TEMPLATE_PATH: templates,
        PORT: '0',
        ...environment,
      });
      expect(await program.exited).toEqual({ code: 1, signal: null });
      const lines = linesOf(program.output);
      const last = lines.at(-1);
      expect(last?.message).toMatch(reason);
      expect(lines.filter(({ message }) => reason.test(message))).toEqual([last]);
      expect(JSON.stringify(last)).toMatch(/\\n +at /);
    } finally {
      await rm(templates, { recursive: true });
    }
  });

  it('is JSON, a line a change of a step at debug, with its ids as fields; no secret is in it', async () => {
    database = await createTestDatabase();
    const service = await ServiceProcess.start({
      DATABASE_URL: database.url,
      TASKER_LOG_FORMAT: 'json',
      TASKER_LOG_LEVEL: 'debug',
      TASKER_API_KEYS: JSON.stringify([
        { name: 'shop', key: 'the-secret-key-of-the-shop', permissions: ['tasks:*'] },
      ]),
    });
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(`${service.url}${path}`, {
        ...init,
        headers: {
          'content-type': 'application/json',
          'x-api-key': 'the-secret-key-of-the-shop',
          'x-request-id': 'request-1',
        },
      });
    const submitted = await ask('/v1/tasks?', {
      method: 'POST',
      body: JSON.stringify({
        namespace: 'linear_workflow',
        name: 'mathematical_sequence',
        version: '1.0.0',
        context: { even_number: 6 },
      }),
    });
    const { task_uuid, correlation_id }: { task_uuid: string; correlation_id: string } = JSON.parse(
      await submitted.text(),
    );
    await ask(`/v1/tasks/${task_uuid}?wait_seconds=30`);
    service.program.signal('SIGTERM');
    await service.program.exited;

    const lines = linesOf(service.program.output);
    const steps = lines.filter(({ message }) => message === 'Step succeeded');
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4].map((n) => `linear_step_${n}`));
    for (const line of steps) {
      expect(line).toMatchObject({
        level: 20,
        task_uuid,
        correlation_id,
        namespace: 'linear_workflow',
        attempt: 1,
        step_uuid: expect.stringMatching(/^[\da-f-]{36}$/),
      });
    }
    const started = lines.filter(({ message }) => message === 'Step started');
    expect(started.map(({ step_uuid }) => step_uuid)).toEqual(steps.map(({ step_uuid }) => step_uuid));
    expect(lines.find(({ message }) => message === 'Task submitted')).toMatchObject({
      level: 20,
      task_uuid,
      correlation_id,
      request_id: 'request-1',
    });
    expect(lines.filter(({ message }) => message === 'Task has ended, or is blocked')).toMatchObject([
      { level: 20, task_uuid },
    ]);
    expect(lines.some(({ request_id }) => request_id === 'request-1')).toBe(true);
    expect(lines.at(-1)?.message).toBe('Stopped');
    expect(service.program.output).not.toContain('the-secret-key');
  });
});
