/**
 * A worker in a process of its own, to be killed, stopped and cut off. What it is started with comes as JSON in FAULT_WORKER.
 * Its handlers write the history that the checker believes more than the database.
 */
import './clock-shift.js';

import process from 'node:process';

import { WorkerBootstrap } from '../../../src/index.js';
import type { TaskRequest, WorkerBootstrapConfig } from '../../../src/index.js';
import { PostgresListener } from '../../../src/notifications/index.js';
import { WorkerStatistics } from '../../../src/worker/index.js';
import { namespaceModule } from '../../support/workflows.js';
import { History } from '../history.js';
import { ClaimedTokens } from './claimed-tokens.js';
import { FaultyConnections } from './fault-points.js';
import type { FaultPoint } from './fault-points.js';
import { LabHandlers } from './lab-handlers.js';
import { makeDefective, spoil } from './worker-defects.js';
import type { WorkerDefect } from './worker-defects.js';

export interface FaultWorkerOptions {
  readonly bootstrap: WorkerBootstrapConfig;
  readonly historyFile: string;
  readonly faultPoints: readonly FaultPoint[];
  /** The newest schema that this process says it knows; what the code knows where left out. */
  readonly schemaVersion: number | null;
  readonly workMs: number;
  readonly blockMs: number;
  /** Handlers that this process does not have. */
  readonly without: readonly string[];
  readonly defect: WorkerDefect | null;
}

/** What its parent sends it. */
export type FaultWorkerOrder =
  | { readonly do: 'let go' }
  | { readonly do: 'tell statistics' }
  | { readonly do: 'arm'; readonly faultPoints: readonly FaultPoint[] }
  | { readonly do: 'submit'; readonly requests: readonly TaskRequest[]; readonly together: boolean };

export type FaultWorkerMessage =
  | { readonly event: 'ready'; readonly url: string | null }
  | { readonly event: 'holding'; readonly taskUuid: string }
  | { readonly event: 'submitted'; readonly taskUuids: readonly string[] }
  | {
      readonly event: 'statistics';
      /** Reports of this process that were refused because they came too late. */
      readonly refused: number;
      readonly listener: string;
      /** How often the listener's connection was lost or given up. */
      readonly listenerLosses: number;
      /** How often each statement was run. */
      readonly statements: Readonly<Record<string, number>>;
      /** After a forced collection. */
      readonly heapBytes: number;
    };

const options: FaultWorkerOptions = JSON.parse(process.env['FAULT_WORKER'] ?? '{}');
const tokens = new ClaimedTokens();

function tell(message: FaultWorkerMessage): void {
  process.send?.(message);
}

const connections = new FaultyConnections({
  schemaVersion: options.schemaVersion,
  onAnswer: (statement, values, rows) => tokens.learn(statement, values, rows),
  afterStatement: makeDefective(options.defect),
});
connections.arm(options.faultPoints);
const handlers = new LabHandlers({
  history: new History(options.historyFile),
  tokenOf: (uuid) => tokens.of(uuid),
  onHolding: (taskUuid) => tell({ event: 'holding', taskUuid }),
  workMs: options.workMs,
  blockMs: options.blockMs,
});
// The process that started this one is gone.
process.on('disconnect', () => process.exit(3));
const worker = await WorkerBootstrap.bootstrap({
  logger: ['warn', 'error', 'fatal'],
  ...options.bootstrap,
  imports: [namespaceModule('lab', handlers.all(options.without))],
  handleSignals: true,
});
spoil(options.defect, worker.app);

async function accept(request: TaskRequest): Promise<string> {
  const { taskUuid } = await worker.client.submit(request);
  return taskUuid;
}

async function submit(requests: readonly TaskRequest[], together: boolean): Promise<readonly string[]> {
  if (together) return Promise.all(requests.map(accept));
  const taskUuids: string[] = [];
  for (const request of requests) taskUuids.push(await accept(request));
  return taskUuids;
}

function tellStatistics(): void {
  globalThis.gc?.();
  const listener = worker.app.get(PostgresListener);
  tell({
    event: 'statistics',
    refused: worker.app.get(WorkerStatistics).refused,
    listener: listener.state,
    listenerLosses: listener.losses,
    statements: connections.counts,
    heapBytes: process.memoryUsage().heapUsed,
  });
}

process.on('message', (order: FaultWorkerOrder) => {
  switch (order.do) {
    case 'let go':
      handlers.letGo();
      break;
    case 'arm':
      connections.arm(order.faultPoints);
      break;
    case 'submit':
      void submit(order.requests, order.together).then((taskUuids) =>
        tell({ event: 'submitted', taskUuids }),
      );
      break;
    case 'tell statistics':
      tellStatistics();
      break;
  }
});
tell({ event: 'ready', url: worker.url });
