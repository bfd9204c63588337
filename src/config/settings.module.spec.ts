import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import {
  DatabaseSettings,
  HttpSettings,
  InvalidSettingsError,
  loadSettings,
  readSettings,
  SettingsModule,
  WorkerSettings,
} from './index.js';

@Module({})
class FeatureModule {
  constructor(
    readonly http: HttpSettings,
    readonly database: DatabaseSettings,
  ) {}
}

describe('SettingsModule', () => {
  const before = { ...process.env };
  let directory: string;
  let envFile: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'settings-'));
    envFile = join(directory, '.env');
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  });

  it('injects each settings class, read from .env, from the environment and from code', async () => {
    writeFileSync(envFile, 'TASKER_POOL_SIZE=4\nTASKER_MAX_CONCURRENCY=6\nTASKER_LEASE_SECONDS=7\n');
    process.env['TASKER_MAX_CONCURRENCY'] = '8';
    const nest = await Test.createTestingModule({
      imports: [SettingsModule.forRoot({ envFile, overrides: { port: 0 } }), FeatureModule],
    }).compile();
    expect(nest.get(FeatureModule).database.poolSize).toBe(4);
    expect(nest.get(FeatureModule).http.port).toBe(0);
    expect(nest.get(WorkerSettings)).toMatchObject({ maxConcurrency: 8, leaseSeconds: 7 });
    await nest.close();
  });

  it('reads no file when told so', async () => {
    const settings = await readSettings({ envFile: false, overrides: { poolSize: 5 } });
    expect(settings.database.poolSize).toBe(5);
  });

  it('stops the boot on a bad setting or a typo in .env', async () => {
    writeFileSync(envFile, 'TASKER_POOL_SIZE=none\nTASKER_POLL_INTERVAL=5\n');
    const boot = Test.createTestingModule({ imports: [SettingsModule.forRoot({ envFile })] }).compile();
    await expect(boot).rejects.toThrow(InvalidSettingsError);
    await expect(boot).rejects.toThrow(/TASKER_POOL_SIZE = "none"[^]*did you mean TASKER_POLL_INTERVAL_MS\?/);
  });

  it('provides settings that were loaded before', async () => {
    const settings = loadSettings({ TASKER_POOL_SIZE: '9' });
    const nest = await Test.createTestingModule({
      imports: [SettingsModule.forSettings(settings), FeatureModule],
    }).compile();
    expect(nest.get(FeatureModule).database).toBe(settings.database);
    await nest.close();
  });
});
