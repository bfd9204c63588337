import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { expectConsistent } from './consistency.js';
import { newTask } from './core-connection.js';
import type { CoreConnection, SubmitRow } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { LONE_STEP } from './graphs.js';
import { Random } from '../support/random.js';

let core: CoreDatabase;
let connections: readonly CoreConnection[];
let template: number;

beforeAll(async () => {
  core = await CoreDatabase.create();
  connections = await core.connections(20);
  template = await core.template(LONE_STEP);
});

afterEach(async () => {
  await expectConsistent(core);
  await core.clear();
});

afterAll(() => core.drop());

function hash(): string {
  return `\\x${randomBytes(32).toString('hex')}`;
}

/** Every connection makes `rounds` calls, one after another, and all connections at once. */
async function fromEverywhere(rounds: number, call: (member: CoreConnection) => Promise<SubmitRow[]>) {
  const answers = await Promise.all(
    connections.map(async (member) => {
      const rows: SubmitRow[] = [];
      for (let round = 0; round < rounds; round += 1) rows.push(...(await call(member)));
      return rows;
    }),
  );
  return answers.flat();
}

describe('A hundred concurrent requests', () => {
  it('with one idempotency key make one task, and all get its id', async () => {
    const [key, request] = [hash(), hash()];
    const rows = await fromEverywhere(5, (member) =>
      member.submitAll([newTask({ template_id: template, idempotency_hash: key, request_hash: request })]),
    );
    expect(rows).toHaveLength(100);
    expect(new Set(rows.map((row) => row.task_uuid)).size).toBe(1);
    expect(rows.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
    expect(rows.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(99);
    expect(await core.rows('SELECT FROM tasker.tasks')).toHaveLength(1);
  });

  it('with one context as their identity make one task; the others are conflicts', async () => {
    const request = hash();
    const rows = await fromEverywhere(5, (member) =>
      member.submitAll([newTask({ template_id: template, unique_request: true, request_hash: request })]),
    );
    expect(rows.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
    expect(rows.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(99);
    expect(new Set(rows.map((row) => row.task_uuid)).size).toBe(1);
  });

  it('for the same fifty keys each, in every order, neither deadlock nor make a task twice', async () => {
    const random = new Random(99);
    const requests = Array.from({ length: 50 }, () => ({ idempotency_hash: hash(), request_hash: hash() }));
    const rows = await fromEverywhere(5, (member) =>
      member.submitAll(
        random.shuffled(requests).map((request) => newTask({ template_id: template, ...request })),
      ),
    );
    expect(rows.filter(({ outcome }) => outcome === 'created')).toHaveLength(50);
    expect(rows.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(4_950);
    expect(await core.rows('SELECT FROM tasker.tasks')).toHaveLength(50);
  });
});

describe('A request whose rival is not decided yet', () => {
  it('waits for it, and is created when the rival is rolled back', async () => {
    const [first, second] = connections;
    if (first === undefined || second === undefined) throw new Error('expected two connections');
    const request = { template_id: template, unique_request: true, request_hash: hash() };
    const rival = await first.within(() => first.submitAll([newTask(request)]));
    const ours = second.submitAll([newTask(request)]);
    await rival.end('ROLLBACK');
    expect(await ours).toMatchObject([{ outcome: 'created' }]);
  });

  it('is never answered without an outcome: a rival that vanishes meanwhile means to call again', async () => {
    const [first] = connections;
    if (first === undefined) throw new Error('expected a connection');
    const request = { template_id: template, unique_request: true, request_hash: hash() };
    await first.submit(request);
    // Removed in the instant after the insert has met it.
    await core.rows(
      `CREATE FUNCTION forget_rivals() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN DELETE FROM tasker.steps; DELETE FROM tasker.tasks; RETURN NULL; END $$;
       CREATE TRIGGER forget_rivals AFTER INSERT ON tasker.tasks FOR EACH STATEMENT EXECUTE FUNCTION forget_rivals()`,
    );
    await expect(first.submitAll([newTask(request)])).rejects.toMatchObject({ code: '40001' });
    await core.rows('DROP TRIGGER forget_rivals ON tasker.tasks; DROP FUNCTION forget_rivals()');
    expect(await first.submitAll([newTask(request)])).toMatchObject([{ outcome: 'conflict' }]);
  });
});
