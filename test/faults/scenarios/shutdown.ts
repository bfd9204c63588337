import { setTimeout as delay } from 'node:timers/promises';

import { eventually } from '../world/eventually.js';
import type { FaultWorker } from '../world/fault-worker.js';
import type { World } from '../world/world.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

const ROLLING_RESTARTS = 20;
const SHUTDOWN_SECONDS = 3;

interface Counts {
  readonly lost: number;
  readonly released: number;
  readonly failed: number;
}

async function counts(world: World): Promise<Counts> {
  return world.row<Counts>(
    `SELECT count(*) FILTER (WHERE kind = 4)::integer AS lost, count(*) FILTER (WHERE kind = 5)::integer AS released,
            count(*) FILTER (WHERE kind IN (2, 3))::integer AS failed
     FROM tasker.events`,
  );
}

/** Between the last answer and the end of the process: connections are closed, and nothing else is done. */
const SILENCE_BOUND_MS = 1_500;

interface HttpWatch {
  readonly answers: number;
  readonly wrong: number;
  /** When it did not answer any more. */
  readonly silentAt: number;
}

/** Asks for its liveness again and again for as long as the process lives. */
async function watchHttp(worker: FaultWorker): Promise<HttpWatch> {
  let answers = 0;
  let wrong = 0;
  let silentAt: number | undefined;
  while (worker.running) {
    try {
      const answer = await fetch(`${worker.url}/health/live`);
      await answer.text();
      if (answer.ok) answers += 1;
      // It answered after it had been silent: what came between went wrong.
      if (!answer.ok || silentAt !== undefined) wrong += 1;
      silentAt = undefined;
    } catch {
      silentAt ??= performance.now();
      await delay(10);
    }
  }
  return { answers, wrong, silentAt: silentAt ?? performance.now() };
}

async function sigterm(world: World): Promise<Figures> {
  const worker = await world.worker({
    enableWebApi: true,
    workMs: 200,
    settings: { shutdownTimeoutSeconds: SHUTDOWN_SECONDS },
  });
  const stuck = world.seed % 2 === 0;
  if (stuck) {
    await world.submit(['holding'], 3);
    await worker.told('holding', 3);
  }
  await world.submit(['chain', 'payment'], 20);
  await eventually('handlers are at work', () => world.history.read().length > 5);
  const http = watchHttp(worker);
  const startedAt = performance.now();
  worker.signal('SIGTERM');
  worker.signal('SIGTERM');
  const end = await worker.exited;
  const shutdownMs = Math.round(performance.now() - startedAt);
  const { answers, wrong, silentAt } = await http;
  const silenceMs = Math.round(startedAt + shutdownMs - silentAt);
  promise(
    world.inTime(shutdownMs, SHUTDOWN_SECONDS * 1_000 + SILENCE_BOUND_MS),
    `it took ${shutdownMs} ms to end, with a deadline of ${SHUTDOWN_SECONDS} s`,
  );
  promise(end.code === 0, `it ended with code ${end.code}, signal ${end.signal}:\n${worker.output}`);
  promise(wrong === 0, `${wrong} answers of HTTP were wrong while it stopped`);
  promise(world.inTime(silenceMs, SILENCE_BOUND_MS), `HTTP was silent for the last ${silenceMs} ms`);
  const { lost, released, failed } = await counts(world);
  promise(lost === 0, `${lost} steps were lost`);
  promise(failed === 0, `${failed} attempts were spent`);
  promise(!stuck || released >= 3, 'steps that did not end were not handed back');
  const held = await world.row<{ count: number }>(
    'SELECT count(*)::integer AS count FROM tasker.steps WHERE state = 2',
  );
  promise(held.count === 0, `${held.count} steps are still held by a process that is gone`);
  const next = await world.worker();
  if (stuck) {
    await next.told('holding', 3);
    next.letGo();
  }
  await world.settled();
  const spent = await world.row<{ attempts: number }>(
    'SELECT max(attempts)::integer AS attempts FROM tasker.steps',
  );
  promise(spent.attempts === 1, 'a handed-back attempt was spent');
  return { shutdown_ms: shutdownMs, released, http_answers: answers, http_silence_ms: silenceMs };
}

async function rollingRestart(world: World): Promise<Figures> {
  const workers: FaultWorker[] = [await world.worker(), await world.worker()];
  await world.submit(['chain', 'diamond', 'payment', 'fan'], 1_000);
  for (let restart = 0; restart < ROLLING_RESTARTS; restart += 1) {
    const place = world.random.below(workers.length);
    const next = await world.worker();
    const end = await workers[place]?.end();
    promise(end?.code === 0, `restart ${restart + 1}: it ended with code ${end?.code}`);
    workers[place] = next;
  }
  await world.settled();
  const { lost, released, failed } = await counts(world);
  promise(lost === 0 && failed === 0, `${lost} steps were lost, ${failed} attempts failed`);
  return { restarts: ROLLING_RESTARTS, released };
}

export const SHUTDOWN: readonly Scenario[] = [
  {
    number: 7,
    name: 'SIGTERM with steps running, twice, until the deadline',
    promise: 'drained or handed back, attempts unspent, exit 0',
    run: sigterm,
  },
  {
    number: 8,
    name: 'rolling restart, 20 times during 1,000 tasks',
    promise: 'all complete, none failed by lost attempts',
    run: rollingRestart,
  },
];
