/**
 * A worker in a process of its own, to be killed, stopped and cut off. What it is started with comes as JSON in FAULT_WORKER.
 * Its handlers write the history that the checker believes more than the database.
 */
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import process from 'node:process';

import { WorkerBootstrap } from '../../../src/index.js';
import type { TaskRequest, TaskSequenceStep, WorkerBootstrapConfig } from '../../../src/index.js';
import { WorkerStatistics } from '../../../src/worker/index.js';
import { namespaceModule } from '../../support/workflows.js';
import { History } from '../history.js';
import type { HistoryLine } from '../history.js';
import { unkeepableAnswer } from './unkeepable-answers.js';
import { armFaultPoints } from './fault-points.js';
import type { FaultPoint } from './fault-points.js';

export interface FaultWorkerOptions {
  readonly bootstrap: WorkerBootstrapConfig;
  readonly historyFile: string;
  readonly faultPoints: readonly FaultPoint[];
  /** Added to what `Date` says in this process. */
  readonly clockShiftMs: number;
  /** Milliseconds that ordinary handlers take, on average. */
  readonly workMs: number;
  /** For how long handlers of "block" block the process. */
  readonly blockMs: number;
  /** Handlers that this process does not have. */
  readonly without: readonly string[];
}

/** What its parent sends it. */
export type FaultWorkerOrder =
  | { readonly do: 'let go' }
  | { readonly do: 'tell statistics' }
  | { readonly do: 'submit'; readonly requests: readonly TaskRequest[] };

export type FaultWorkerMessage =
  | { readonly event: 'ready'; readonly url: string | null }
  | { readonly event: 'holding'; readonly taskUuid: string }
  | { readonly event: 'submitted'; readonly taskUuids: readonly string[] }
  | { readonly event: 'statistics'; readonly statistics: object; readonly heapBytes: number };

interface ClaimRow {
  readonly kind: string;
  readonly task_uuid: string;
  readonly name: string;
  readonly attempt_token: string;
}

/** Longer than two leases. */
const SLOW_MS = 5_000;

const options: FaultWorkerOptions = JSON.parse(process.env['FAULT_WORKER'] ?? '{}');
const letGo = new EventEmitter<{ now: [] }>();
const history = new History(options.historyFile);
/** The token of the latest claim of each step by this process. */
const tokens = new Map<string, string>();

function observe(_statement: string, rows: readonly unknown[]): void {
  for (const row of rows) if (isClaim(row)) tokens.set(`${row.task_uuid} ${row.name}`, row.attempt_token);
}

function isClaim(row: unknown): row is ClaimRow {
  return typeof row === 'object' && row !== null && Reflect.get(row, 'kind') === 'claim';
}

function tell(message: FaultWorkerMessage): void {
  process.send?.(message);
}

function shiftClock(shiftMs: number): void {
  const now = Date.now.bind(Date);
  const shifted = new Proxy(Date, {
    construct: (date, args) => Reflect.construct(date, args.length === 0 ? [now() + shiftMs] : args),
    get: (date, key) => (key === 'now' ? () => now() + shiftMs : Reflect.get(date, key)),
  });
  globalThis.Date = shifted;
}

/** Does the work between two lines of history. */
function recording(work: (step: TaskSequenceStep, nonce: string) => unknown) {
  return async (step: TaskSequenceStep): Promise<unknown> => {
    const { name, attempt, lostCount } = step.workflowStep;
    const { taskUuid } = step.task;
    const line: Omit<HistoryLine, 'event'> = {
      pid: process.pid,
      taskUuid,
      step: name,
      token: tokens.get(`${taskUuid} ${name}`) ?? 'none',
      attempt,
      lostCount,
      nonce: randomUUID(),
    };
    history.append({ event: 'start', ...line });
    try {
      const answer = await work(step, line.nonce);
      history.append({ event: 'end', ...line, outcome: 'returned' });
      return answer;
    } catch (error) {
      history.append({ event: 'end', ...line, outcome: 'threw' });
      throw error;
    }
  };
}

async function workFor(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms * Math.random() * 2));
}

const handlers = {
  work: recording(async (_step, nonce) => {
    await workFor(options.workMs);
    return { nonce };
  }),
  slow: recording(async (_step, nonce) => {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    return { nonce };
  }),
  pay: recording(async (step, nonce) => {
    await step.transaction((client) =>
      client.query('INSERT INTO faults.effects (task_uuid, step, nonce) VALUES ($1, $2, $3)', [
        step.task.taskUuid,
        step.workflowStep.name,
        nonce,
      ]),
    );
    await workFor(options.workMs);
    return { nonce };
  }),
  flaky: recording((step, nonce) => {
    if (step.workflowStep.attempt < 3) throw new Error('not yet');
    return { nonce };
  }),
  hold: recording(async (step, nonce) => {
    tell({ event: 'holding', taskUuid: step.task.taskUuid });
    await once(letGo, 'now', { signal: step.signal });
    return { nonce };
  }),
  block: recording((_step, nonce) => {
    const until = performance.now() + options.blockMs;
    while (performance.now() < until) continue;
    return { nonce };
  }),
  die: recording(() => {
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  }),
  answer: recording((step) => unkeepableAnswer(step.context['answer'])),
};

function handlersOf(
  without: readonly string[],
): Readonly<Record<string, (step: TaskSequenceStep) => unknown>> {
  return Object.fromEntries(Object.entries(handlers).filter(([name]) => !without.includes(name)));
}

if (options.clockShiftMs !== 0) shiftClock(options.clockShiftMs);
armFaultPoints(options.faultPoints, observe);
// Whoever started this process is gone.
process.on('disconnect', () => process.exit(3));
const worker = await WorkerBootstrap.bootstrap({
  logger: ['warn', 'error', 'fatal'],
  ...options.bootstrap,
  imports: [namespaceModule('lab', handlersOf(options.without))],
  handleSignals: true,
});

async function submit(requests: readonly TaskRequest[]): Promise<void> {
  const taskUuids: string[] = [];
  for (const request of requests) {
    const { taskUuid } = await worker.client.submit(request);
    taskUuids.push(taskUuid);
  }
  tell({ event: 'submitted', taskUuids });
}

process.on('message', (order: FaultWorkerOrder) => {
  switch (order.do) {
    case 'let go':
      letGo.emit('now');
      break;
    case 'submit':
      void submit(order.requests);
      break;
    case 'tell statistics':
      globalThis.gc?.();
      tell({
        event: 'statistics',
        statistics: worker.app.get(WorkerStatistics),
        heapBytes: process.memoryUsage().heapUsed,
      });
      break;
  }
});
tell({ event: 'ready', url: worker.url });
