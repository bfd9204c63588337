import { setTimeout as delay } from 'node:timers/promises';

import { eventually } from '../world/eventually.js';
import type { FaultWorker } from '../world/fault-worker.js';
import type { World } from '../world/world.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

/** Nobody will poll within a test: what is done is done because somebody was told. */
const NEVER_POLLS = { pollIntervalMs: 3_600_000 };
const LEASE_SECONDS = 6;
const HALF_OPEN_BOUND_MS = 15_000;
const FLOOD_MS = 8_000;
const FLOOD_PER_SECOND = 10_000;
const HEAP_BOUND_BYTES = 30_000_000;

async function listening(worker: FaultWorker): Promise<void> {
  await eventually(`${worker.name} hears`, async () => (await worker.statistics()).listener === 'listening');
}

/** How long it takes from now until all tasks have ended. */
async function settledMs(world: World): Promise<number> {
  const from = performance.now();
  await world.settled();
  return Math.round(performance.now() - from);
}

async function halfOpen(world: World): Promise<Figures> {
  const worker = await world.worker({ settings: { leaseSeconds: LEASE_SECONDS } });
  await listening(worker);
  await world.submit(['held'], 2);
  await worker.told('holding', 2);
  await delay(world.random.below(5_000));
  const { listenerLosses } = await worker.statistics();
  const silenced = world.server.proxy.silenceThose(`tasker-nest listener ${worker.name}`);
  promise(silenced === 1, `${silenced} connections of a listener were silenced`);
  // Who keeps the leases is connected the same way, and is cut off the same way.
  const leasesToo = world.seed % 2 === 1;
  if (leasesToo) world.server.proxy.silenceThose(`tasker-nest lease keeper ${worker.name}`);
  const from = performance.now();
  // Meanwhile polling carries on: this need not wait for the listener.
  await world.submit(['chain', 'payment'], 20);
  await eventually('all but the steps that hold is done', async () => {
    const { open } = await world.row<{ open: number }>(
      'SELECT count(*)::integer AS open FROM tasker.tasks WHERE status = 0',
    );
    return open === 2;
  });
  const meanwhileMs = Math.round(performance.now() - from);
  await eventually(
    'the listener gives its connection up',
    async () => (await worker.statistics()).listenerLosses > listenerLosses,
  );
  const noticedMs = Math.round(performance.now() - from);
  await listening(worker);
  const hearingMs = Math.round(performance.now() - from);
  // Longer than the lease in any case.
  await delay(Math.max(0, (LEASE_SECONDS + 2) * 1_000 - hearingMs));
  worker.letGo();
  await world.settled();
  const { lost } = await world.row<{ lost: number }>(
    'SELECT sum(lost_count)::integer AS lost FROM tasker.steps',
  );
  promise(lost === 0, `${lost} leases ran out`);
  promise(world.inTime(noticedMs, HALF_OPEN_BOUND_MS), `it took ${noticedMs} ms to notice`);
  return {
    leases_too: Number(leasesToo),
    noticed_ms: noticedMs,
    hearing_again_ms: hearingMs,
    work_meanwhile_ms: meanwhileMs,
  };
}

async function terminated(world: World): Promise<Figures> {
  const worker = await world.worker({ settings: NEVER_POLLS });
  await listening(worker);
  let slowest = 0;
  const rounds = 5;
  for (let round = 0; round < rounds; round += 1) {
    // Submitted shortly before, at the same time, or while it is deaf.
    const head = world.random.below(3);
    if (head === 0) await world.submit(['lone'], 3);
    const ended = world.terminateBackends('tasker-nest listener worker-%');
    if (head === 1) await world.submit(['lone'], 3);
    promise((await ended) === 1, 'there was no listener to terminate');
    await delay(world.random.below(100));
    if (head === 2) await world.submit(['lone'], 3);
    slowest = Math.max(slowest, await settledMs(world));
    await listening(worker);
  }
  const { listenerLosses } = await worker.statistics();
  promise(listenerLosses >= rounds, `it lost ${listenerLosses} connections of ${rounds}`);
  return { terminated: rounds, slowest_wakeup_ms: slowest };
}

async function noNotifications(world: World): Promise<Figures> {
  // A pooler that swallows them, or a server that never sends any.
  const swallowed = world.seed % 2 === 1;
  if (swallowed) world.server.proxy.dropsNotifications = true;
  else
    await world.rows(
      `CREATE OR REPLACE FUNCTION tasker.notify(p_channel text, p_payload text) RETURNS void LANGUAGE sql AS ''`,
    );
  const workers = [
    await world.worker({ enableWebApi: true }),
    await world.worker({ settings: { deploymentMode: 'polling_only' } }),
  ];
  await world.submit(['chain', 'diamond', 'flaky'], 60);
  const doneMs = await settledMs(world);
  const [first] = workers;
  const ask = async () => {
    const answer = await fetch(`${first?.url}/health/ready`);
    return { status: answer.status, body: await answer.text() };
  };
  await eventually('readiness says so', async () => /polling carries the load/.test((await ask()).body));
  const { status } = await ask();
  promise(status === 200, `readiness answered ${status}: without notifications it still serves`);
  return { swallowed: Number(swallowed), done_ms: doneMs };
}

async function flood(world: World): Promise<Figures> {
  const worker = await world.worker();
  await listening(worker);
  const before = await worker.statistics();
  const client = await world.connect();
  const from = performance.now();
  let sent = 0;
  let tasks = 0;
  for (let batch = 0; performance.now() - from < FLOOD_MS; batch += 1) {
    // Different ones each time: PostgreSQL sends equal ones of a transaction once.
    await client.query(
      `SELECT pg_notify(
         (ARRAY['tasker_ready', 'tasker_tasks', 'tasker_events'])[1 + n % 3],
         (ARRAY['', ' ', '* *', '{"a":', E'\\u00e9\\u4e2d', repeat('x', 500)])[1 + n % 6] || n || ' ' || $1)
       FROM generate_series(1, $2) AS n`,
      [batch, FLOOD_PER_SECOND / 10],
    );
    sent += FLOOD_PER_SECOND / 10;
    if (batch % 10 === 0) tasks += (await world.submit(['chain', 'diamond'], 4)).length;
    const ahead = (sent / FLOOD_PER_SECOND) * 1_000 - (performance.now() - from);
    if (ahead > 0) await delay(ahead);
  }
  const seconds = (performance.now() - from) / 1_000;
  await client.end();
  const doneMs = await settledMs(world);
  const after = await worker.statistics();
  const claims = count(after.statements) - count(before.statements);
  const grown = after.heapBytes - before.heapBytes;
  promise(worker.running, `the worker ended:\n${worker.output}`);
  promise(claims < sent / 10, `${claims} claims were made for ${sent} notifications`);
  promise(grown < HEAP_BOUND_BYTES, `the heap grew by ${grown} bytes`);
  promise(tasks > 0, 'nothing was submitted meanwhile');
  return {
    notifications_per_second: Math.round(sent / seconds),
    claims,
    heap_grown_bytes: Math.max(0, grown),
    done_after_ms: doneMs,
  };
}

function count(statements: Readonly<Record<string, number>>): number {
  return statements['tasker_claim_steps'] ?? 0;
}

export const NOTIFICATIONS: readonly Scenario[] = [
  {
    number: 12,
    name: 'the LISTEN socket half-open (packets swallowed)',
    promise: 'noticed within 15 s by the listener’s own heartbeat; polling carries on meanwhile',
    run: halfOpen,
  },
  {
    number: 13,
    name: 'the listener’s backend terminated',
    promise: 'reconnect, one full poll, no lost wake-up',
    run: terminated,
  },
  {
    number: 14,
    name: 'no NOTIFY ever arrives',
    promise: 'everything completes; readiness says so',
    run: noNotifications,
  },
  {
    number: 15,
    name: 'NOTIFY flood (10,000/s) with garbage payloads',
    promise: 'coalesced; bounded memory',
    run: flood,
  },
];
