import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import type { SettingsOverrides } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Pooler } from '../support/pooler.js';
import type { PoolMode } from '../support/pooler.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(60_000);

const pair = workflow('pair', { first: {}, second: { dependencies: ['first'] } });

let lab: Lab;
let pooler: Pooler;

beforeEach(async () => {
  lab = await Lab.open(pair);
});

afterEach(async () => {
  await lab.close();
  await pooler.end();
});

async function pool(mode: PoolMode): Promise<void> {
  pooler = await Pooler.before(lab.databaseUrl, mode);
}

async function work(settings: SettingsOverrides): Promise<void> {
  const { client } = await lab.worker({
    handlers: { first: () => 1, second: (step) => step.transaction(() => Promise.resolve(2)) },
    settings,
  });
  const { taskUuid } = await client.submit(requestFor(pair));
  expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
  await lab.stopWorkers();
}

describe('Through a transaction pooler', () => {
  beforeEach(() => pool('transaction'));

  it('tasks run when a direct URL is given', async () => {
    await work({ databaseUrl: pooler.url, databaseDirectUrl: lab.databaseUrl });
  });

  it('the start without a direct URL is refused, and says what to set', async () => {
    await expect(work({ databaseUrl: pooler.url })).rejects.toMatchObject({
      code: 'DATABASE_DIRECT_URL_NEEDED',
      message: expect.stringMatching(
        /DATABASE_DIRECT_URL is not given: set it to a URL straight to the server/,
      ),
    });
    // Also when there is nothing to migrate.
    await work({});
    await expect(work({ databaseUrl: pooler.url })).rejects.toMatchObject({
      code: 'DATABASE_DIRECT_URL_NEEDED',
    });
  });

  it('the start with a direct URL that leads there too is refused, and says so', async () => {
    const both = { databaseUrl: pooler.url, databaseDirectUrl: pooler.url };
    await expect(work(both)).rejects.toMatchObject({
      code: 'DATABASE_DIRECT_URL_NEEDED',
      message: expect.stringMatching(/^DATABASE_DIRECT_URL leads through a transaction pooler/),
    });
  });

  it.each([
    [`DateStyle = 'German'`, /DateStyle is "German, DMY": expected "ISO"/],
    [
      `default_transaction_isolation = 'serializable'`,
      /default_transaction_isolation is "serializable": expected "read committed"/,
    ],
  ])('%s is refused, with the statement that mends it', async (setting, message) => {
    await lab.rows(`ALTER DATABASE ${new URL(lab.databaseUrl).pathname.slice(1)} SET ${setting}`);
    const settings = { databaseUrl: pooler.url, databaseDirectUrl: lab.databaseUrl };
    const refusal: unknown = await work(settings).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'DATABASE_SESSION_SETTING',
      message: expect.stringMatching(message),
    });
    const [, statement = ''] = /run (ALTER ROLE .*), and let/.exec(String(refusal)) ?? [];
    await lab.rows(statement);
    await pooler.end();
    await pool('transaction');
    await work({ ...settings, databaseUrl: pooler.url });
  });
});

describe('Through a session pooler', () => {
  it('tasks run without a direct URL, whatever the role or the database sets', async () => {
    await pool('session');
    await lab.rows(`ALTER DATABASE ${new URL(lab.databaseUrl).pathname.slice(1)} SET DateStyle = 'German'`);
    await work({ databaseUrl: pooler.url });
  });
});
