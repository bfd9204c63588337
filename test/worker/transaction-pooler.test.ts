import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import type { WorkerHandle } from '../../src/index.js';
import { PostgresListener } from '../../src/notifications/index.js';
import { Lab } from '../support/lab.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import type { HandlerFunction } from '../support/workflows.js';

jest.setTimeout(120_000);

/**
 * What belongs to a session and not to a transaction: a pooler would leave it with a session that the next statement does
 * not meet again. Of the protocol, a Parse message whose statement has a name.
 */
const OF_A_SESSION = [
  /\bLISTEN\b/,
  /pg_(?:try_)?advisory_(?:lock|unlock)/,
  /\bSET (?!LOCAL|TRANSACTION)/,
  /P[^\0]{0,4}\0{0,3}[^\0]{0,4}tasker_\w+\0/,
];

const working = workflow('working', {
  first: {},
  booked: { dependencies: ['first'] },
  failing: { dependencies: ['first'], retry: { max_attempts: 2, backoff: 'none' } },
  last: { dependencies: ['booked', 'failing'] },
});

const handlers: Readonly<Record<string, HandlerFunction>> = {
  first: () => 1,
  booked: (step) => step.transaction(async (client) => (await client.query('SELECT 2 AS two')).rowCount),
  failing: ({ workflowStep }) => {
    if (workflowStep.attempt === 1) throw new Error('not yet');
    return 3;
  },
  last: async (step) => step.result('first'),
};

let lab: Lab;
let pooler: TcpProxy;
let direct: TcpProxy;
let sent: Record<'pooler' | 'direct', string>;

beforeEach(async () => {
  lab = await Lab.open(working);
  [pooler, direct] = [await TcpProxy.before(lab.databaseUrl), await TcpProxy.before(lab.databaseUrl)];
  sent = { pooler: '', direct: '' };
  pooler.onSent = (bytes) => (sent.pooler += bytes.toString('latin1'));
  direct.onSent = (bytes) => (sent.direct += bytes.toString('latin1'));
});

afterEach(async () => {
  await lab.close();
  await pooler.end();
  await direct.end();
});

async function work(databaseDirectUrl?: string): Promise<WorkerHandle> {
  const worker = await lab.worker({ handlers, settings: { databaseUrl: pooler.url, databaseDirectUrl } });
  await until('it listens', () => worker.app.get(PostgresListener).state === 'listening');
  const { taskUuid } = await worker.client.submit(requestFor(working));
  expect(await worker.client.waitFor(taskUuid)).toMatchObject({ status: 'complete', completedSteps: 4 });
  return worker;
}

describe('With DATABASE_URL through a transaction pooler', () => {
  it('and DATABASE_DIRECT_URL past it, nothing that belongs to a session goes through the pooler', async () => {
    await work(direct.url);
    expect(found(OF_A_SESSION, sent.pooler)).toEqual([]);
    // Steps go through it, and migrations, locks and notifications past it.
    expect(found([/SELECT \* FROM tasker\.complete_steps/], sent.pooler)).toHaveLength(1);
    const past = [/CREATE TABLE tasker\.steps/, /pg_try_advisory_lock/, /\bLISTEN\b/];
    expect(found(past, sent.direct)).toEqual(past);
  });

  it('and nothing past it, there would be', async () => {
    await work();
    const shown = OF_A_SESSION.filter(({ source }) => !source.includes('SET'));
    expect(found(shown, sent.pooler)).toEqual(shown);
  });
});

function found(patterns: readonly RegExp[], text: string): readonly RegExp[] {
  return patterns.filter((pattern) => pattern.test(text));
}
