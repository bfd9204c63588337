import { hostname } from 'node:os';
import { delimiter } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { InvalidSettingsError, loadSettings, type Settings } from './index.js';

interface Row {
  readonly variable: string;
  readonly read: (settings: Settings) => unknown;
  readonly byDefault: unknown;
  readonly good: Readonly<Record<string, unknown>>;
  readonly bad: readonly string[];
  readonly expected: string;
}

const DATABASE_URL = 'postgres://user:secret@db:5432/tasker';
const URL_EXPECTED = 'a URL such as postgres://user:password@host:5432/database';
const SWITCH = {
  good: { true: true, false: false, '1': true, '0': false, TRUE: true },
  bad: ['yes', '2', 'on'],
  expected: 'true, false, 1 or 0',
};

const ROWS: readonly Row[] = [
  {
    variable: 'DATABASE_URL',
    read: (s) => s.database.databaseUrl,
    byDefault: undefined,
    good: {
      [DATABASE_URL]: DATABASE_URL,
      'postgresql:///tasker?host=/run/postgresql': 'postgresql:///tasker?host=/run/postgresql',
    },
    bad: [
      'mysql://db/tasker',
      'postgres:/db/tasker',
      'postgres://db:port/tasker',
      'db:5432',
      'host=db dbname=tasker',
    ],
    expected: URL_EXPECTED,
  },
  integer('TASKER_POOL_SIZE', (s) => s.database.poolSize, 10, 1, 1000),
  {
    variable: 'TASKER_DATA_DIR',
    read: (s) => s.database.dataDir,
    byDefault: '.tasker',
    good: { '/var/lib/tasker': '/var/lib/tasker' },
    bad: ['/var\0/lib'],
    expected: 'a directory',
  },
  {
    variable: 'TASKER_EMBEDDED_IN_PRODUCTION',
    read: (s) => s.database.embeddedInProduction,
    byDefault: false,
    ...SWITCH,
  },
  {
    variable: 'HOST',
    read: (s) => s.http.host,
    byDefault: '127.0.0.1',
    good: { '0.0.0.0': '0.0.0.0', '::1': '::1', 'tasker.local': 'tasker.local' },
    bad: ['http://localhost', 'two words'],
    expected: 'a host name or an IP address',
  },
  integer('PORT', (s) => s.http.port, 8080, 0, 65_535),
  { variable: 'TASKER_ENABLE_WEB_API', read: (s) => s.http.enableWebApi, byDefault: true, ...SWITCH },
  {
    variable: 'TASKER_ROLE',
    read: (s) => s.service.role,
    byDefault: 'all',
    good: { all: 'all', api: 'api', worker: 'worker' },
    bad: ['web', 'Worker'],
    expected: 'one of all, api, worker',
  },
  {
    variable: 'TASKER_ENV',
    read: (s) => s.service.environment,
    byDefault: 'development',
    good: { production: 'production', 'eu-1_test': 'eu-1_test' },
    bad: ['../production', 'a b'],
    expected: 'a name of letters, digits, "-" and "_"',
  },
  {
    variable: 'TASKER_WORKER_ID',
    read: (s) => s.worker.workerId,
    byDefault: `${hostname()}-${process.pid}`,
    good: { 'worker 7': 'worker 7' },
    bad: ['a\nb', 'x'.repeat(256)],
    expected: 'a text of 1 to 255 characters without control characters',
  },
  {
    variable: 'TASKER_NAMESPACES',
    read: (s) => s.worker.namespaces,
    byDefault: undefined,
    good: { 'orders, billing,,orders': ['orders', 'billing'] },
    bad: [',', ' , '],
    expected: 'names separated by commas, at least one',
  },
  {
    variable: 'TASKER_DEPLOYMENT_MODE',
    read: (s) => s.worker.deploymentMode,
    byDefault: 'hybrid',
    good: {
      hybrid: 'hybrid',
      event_driven_only: 'event_driven_only',
      polling_only: 'polling_only',
      Hybrid: 'hybrid',
      EventDrivenOnly: 'event_driven_only',
      PollingOnly: 'polling_only',
    },
    bad: ['polling', 'HYBRID', 'constructor'],
    expected: 'one of hybrid, event_driven_only, polling_only, Hybrid, EventDrivenOnly, PollingOnly',
  },
  integer('TASKER_MAX_CONCURRENCY', (s) => s.worker.maxConcurrency, 50, 1, 10_000),
  integer('TASKER_POLL_INTERVAL_MS', (s) => s.worker.pollIntervalMs, 1000, 10, 3_600_000),
  integer('TASKER_LEASE_SECONDS', (s) => s.worker.leaseSeconds, 30, 1, 3600),
  integer('TASKER_STEP_TIMEOUT_SECONDS', (s) => s.worker.stepTimeoutSeconds, 60, 1, 604_800),
  integer('TASKER_SHUTDOWN_TIMEOUT_SECONDS', (s) => s.worker.shutdownTimeoutSeconds, 25, 0, 3600),
  integer('TASKER_MAX_RESULT_BYTES', (s) => s.worker.maxResultBytes, 1_048_576, 1, 268_435_455),
  integer('TASKER_MAX_INPUT_BYTES', (s) => s.worker.maxInputBytes, 33_554_432, 1_048_576, 268_435_455),
  integer('TASKER_MAX_LOST', (s) => s.retries.maxLost, 5, 1, 1000),
  { variable: 'TASKER_RETRY_JITTER', read: (s) => s.retries.retryJitter, byDefault: true, ...SWITCH },
  integer('TASKER_RETENTION_DAYS', (s) => s.retention.retentionDays, 30, 0, 36_500),
  integer('TASKER_MAX_BACKLOG', (s) => s.backlog.maxBacklog, 100_000, 1, 2_147_483_647),
  {
    variable: 'TASKER_TEMPLATE_UNKNOWN_KEYS',
    read: (s) => s.templates.unknownTemplateKeys,
    byDefault: 'refuse',
    good: { refuse: 'refuse', warn: 'warn' },
    bad: ['ignore', 'WARN', 'true'],
    expected: 'one of refuse, warn',
  },
  {
    variable: 'TASKER_TEMPLATE_PATH',
    read: (s) => s.templates.templatePaths,
    byDefault: ['config/tasks'],
    good: { [`/a b${delimiter}c`]: ['/a b', 'c'] },
    bad: [delimiter],
    expected: `directories separated by "${delimiter}", at least one`,
  },
];

describe.each(ROWS)('$variable', ({ variable, read, byDefault, good, bad, expected }) => {
  it('has its default when it is not given or empty', () => {
    expect(read(loadSettings({}))).toEqual(byDefault);
    expect(read(loadSettings({ [variable]: '' }))).toEqual(byDefault);
    expect(read(loadSettings({ [variable]: '  ' }))).toEqual(byDefault);
  });

  it.each(Object.entries(good))('takes %j', (text, value) => {
    expect(read(loadSettings({ [variable]: text }))).toEqual(value);
    expect(read(loadSettings({ [variable]: ` ${text} ` }))).toEqual(value);
  });

  it.each(bad)('refuses %j', (text) => {
    expect(problemsOf({ [variable]: text })).toEqual([
      { name: variable, value: expect.any(String), message: `expected ${expected}` },
    ]);
  });
});

describe('loadSettings', () => {
  it('tells every bad setting in one error, with name, value and what was expected', () => {
    const env = { TASKER_POOL_SIZE: 'many', PORT: '99999', TASKER_ROLE: 'boss', TASKER_POL_SIZE: '5' };
    expect(() => loadSettings(env)).toThrow(
      [
        'The settings are not valid:',
        '  TASKER_ROLE = "boss": expected one of all, api, worker',
        '  PORT = "99999": expected an integer from 0 to 65535',
        '  TASKER_POOL_SIZE = "many": expected an integer from 1 to 1000',
        '  TASKER_POL_SIZE: there is no such setting, did you mean TASKER_POOL_SIZE?',
      ].join('\n'),
    );
    expect(() => loadSettings(env)).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }));
  });

  it.each([
    ['mysql://root:hunter2@db:3306/tasker?password=hunter2', '"mysql://root:***@db:3306/tasker?***"'],
    ['mysql://root:hun/ter2@db/tasker', '"mysql://***"'],
    ['postgres://root:hunter2:@x:y', '"postgres://***"'],
    ['host=db password=hunter2', '"***"'],
    ['hunter2', '"***"'],
  ])('masks the secrets in DATABASE_URL=%s', (url, shown) => {
    const secret = /hun\/?ter2/;
    expect(problemsOf({ DATABASE_URL: url })).toMatchObject([{ value: shown }]);
    expect(problemsOf({}, { databaseUrl: url })).toMatchObject([{ name: 'databaseUrl', value: shown }]);
    expect(JSON.stringify(problemsOf({ DATABASE_URL: url }))).not.toMatch(secret);
  });

  it('takes DATABASE_DIRECT_URL only together with DATABASE_URL', () => {
    const both = { DATABASE_URL, DATABASE_DIRECT_URL: DATABASE_URL };
    expect(loadSettings(both).database.databaseDirectUrl).toBe(DATABASE_URL);
    expect(problemsOf({ DATABASE_DIRECT_URL: DATABASE_URL })).toEqual([
      {
        name: 'DATABASE_DIRECT_URL',
        value: null,
        message: 'expected only together with DATABASE_URL, which is not given',
      },
    ]);
    expect(problemsOf({ ...both, DATABASE_DIRECT_URL: 'db' })).toEqual([
      { name: 'DATABASE_DIRECT_URL', value: '"***"', message: `expected ${URL_EXPECTED}` },
    ]);
  });

  it('refuses the embedded PostgreSQL in production, unless a setting asks for it', () => {
    const production = { NODE_ENV: 'production' };
    const refusal = {
      name: 'DATABASE_URL',
      value: null,
      message: expect.stringMatching(
        /^expected when NODE_ENV is production.*TASKER_EMBEDDED_IN_PRODUCTION=true$/,
      ),
    };
    expect(problemsOf(production)).toEqual([refusal]);
    expect(problemsOf({ ...production, DATABASE_URL: ' ', TASKER_DATA_DIR: '/data' })).toEqual([refusal]);
    expect(problemsOf({ ...production, TASKER_EMBEDDED_IN_PRODUCTION: 'false' })).toEqual([refusal]);
    for (const allowed of [
      { ...production, DATABASE_URL },
      { ...production, TASKER_EMBEDDED_IN_PRODUCTION: 'true' },
      { NODE_ENV: 'development' },
      { NODE_ENV: 'test' },
      { TASKER_ENV: 'production' },
    ])
      expect(problemsOf(allowed)).toEqual([]);
    expect(problemsOf(production, { databaseUrl: DATABASE_URL })).toEqual([]);
    expect(problemsOf(production, { embeddedInProduction: true })).toEqual([]);
  });

  it('refuses a TASKER_ variable that it does not know, without showing its value', () => {
    expect(problemsOf({ TASKER_PORT: '80' })).toEqual([
      { name: 'TASKER_PORT', value: null, message: 'there is no such setting, did you mean PORT?' },
    ]);
    expect(problemsOf({ TASKER_COLOUR_OF_THE_SKY: 'blue' })).toEqual([
      { name: 'TASKER_COLOUR_OF_THE_SKY', value: null, message: 'there is no such setting' },
    ]);
  });

  it('lets pass what Kubernetes adds for a Service called tasker or tasker-nest, and what is not for us', () => {
    const env = {
      TASKER_SERVICE_HOST: '10.0.0.7',
      TASKER_SERVICE_PORT: '8080',
      TASKER_SERVICE_PORT_HTTP: '8080',
      TASKER_PORT: 'tcp://10.0.0.7:8080',
      TASKER_PORT_8080_TCP: 'tcp://10.0.0.7:8080',
      TASKER_NEST_SERVICE_HOST: '10.0.0.8',
      TASKER_NEST_PORT: 'tcp://10.0.0.8:8080',
      TASKER_NEST_PORT_8080_TCP_ADDR: '10.0.0.8',
      TASKER_TEST_SERVER_URL: 'postgres://localhost',
      TASKERS: '1',
      PATH: '/bin',
    };
    expect(problemsOf(env)).toEqual([]);
  });

  it('prefers what is given in code to the environment, and checks it as well', () => {
    const env = { TASKER_POOL_SIZE: 'bad, but overridden', TASKER_MAX_LOST: '7' };
    const settings = loadSettings(env, {
      poolSize: 3,
      templatePaths: ['a', 'b'],
      retryJitter: false,
      maxLost: undefined,
      databaseUrl: '',
    });
    expect(settings.database.poolSize).toBe(3);
    expect(settings.database.databaseUrl).toBeUndefined();
    expect(settings.templates.templatePaths).toEqual(['a', 'b']);
    expect(settings.retries).toMatchObject({ retryJitter: false, maxLost: 7 });

    expect(problemsOf({}, { port: 1.5, namespaces: [], templatePaths: [''] })).toEqual([
      { name: 'port', value: '1.5', message: 'expected an integer from 0 to 65535' },
      {
        name: 'templatePaths',
        value: 'an array of 1',
        message: `expected directories separated by "${delimiter}", at least one`,
      },
      {
        name: 'namespaces',
        value: 'an array of 0',
        message: 'expected names separated by commas, at least one',
      },
    ]);
    const misspelt = { poolSiz: 3, poolSize: 3 };
    expect(problemsOf({}, misspelt)).toEqual([
      { name: 'poolSiz', value: null, message: 'there is no such setting, did you mean poolSize?' },
    ]);
  });

  it('gives settings that nobody can change afterwards', () => {
    expect(Object.isFrozen(loadSettings({}).worker)).toBe(true);
  });
});

function integer(
  variable: string,
  read: (settings: Settings) => unknown,
  byDefault: number,
  min: number,
  max: number,
): Row {
  return {
    variable,
    read,
    byDefault,
    good: { [min]: min, [max]: max },
    bad: [String(min - 1), String(max + 1), 'ten', `${min}.5`, '1e1', '0x1'],
    expected: `an integer from ${min} to ${max}`,
  };
}

function problemsOf(...parameters: Parameters<typeof loadSettings>): unknown {
  try {
    loadSettings(...parameters);
    return [];
  } catch (error) {
    if (error instanceof InvalidSettingsError) return error.problems;
    throw error;
  }
}
