import type { INestApplicationContext } from '@nestjs/common';
import type { Client } from 'pg';

import { PostgresListener } from '../../../src/notifications/index.js';
import { FallbackPoller } from '../../../src/worker/index.js';

/** What is wrong, for once, in the worker itself; what is wrong in the engine's SQL stands in `defects.ts`. */
export type WorkerDefect = 'relies on notifications' | 'follow-up apart' | 'leases by its own clock';

/** Called on the connection of a statement that has succeeded, before its caller knows. */
export type AfterStatement = (client: Client, statement: string, values: readonly unknown[]) => Promise<void>;

/** Puts the defect into this process; answers with what it does after statements. */
export function makeDefective(defect: WorkerDefect | null): AfterStatement {
  switch (defect) {
    case 'follow-up apart':
      return async (client, statement, [, , , tasks, indexes, tokens]) => {
        if (statement !== 'tasker_complete_steps') return;
        await client.query('SELECT faults.follow_up($1, $2, $3)', [tasks, indexes, tokens]);
      };
    case 'leases by its own clock':
      return async (client, statement) => {
        if (!/^tasker_(claim|complete|extend|submit_and_claim)/.test(statement)) return;
        await client.query(
          `UPDATE tasker.steps SET lease_until = $1::timestamptz + interval '2 s'
           WHERE state = 2 AND abs(extract(epoch FROM lease_until - $1::timestamptz)) > 60`,
          [new Date().toISOString()],
        );
      };
    case 'relies on notifications':
      // Nobody polls, and nobody sweeps.
      Object.defineProperty(FallbackPoller.prototype, 'start', { value: () => undefined });
      break;
    case null:
      break;
  }
  return async () => {};
}

/** What of the defect can only be put in once the worker has started. */
export function spoil(defect: WorkerDefect | null, app: INestApplicationContext): void {
  // Nobody looks around either when the listener is back.
  if (defect === 'relies on notifications') app.get(PostgresListener).resync.complete();
}
