import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { Database, SCHEMA_VERSION } from '../database/index.js';
import type { Statement } from '../database/index.js';
import type { TaskTemplate } from '../templates/index.js';
import { templateDefinition } from '../templates/index.js';
import { arrayLiteral } from './array.literal.js';
import type {
  AttemptKey,
  Claimant,
  ClaimAnswer,
  CompletionAnswer,
  ReclaimedStep,
  StepReport,
  SubmitAnswer,
  Wanted,
} from './claim.types.js';
import {
  CLAIM_TYPES,
  readClaimAnswer,
  readCompletionAnswer,
  readSubmitAnswers,
} from './claim-answer.reader.js';
import type { ClaimRow } from './claim-answer.reader.js';
import type { JsonValue } from './json.types.js';
import { templateGraph } from './template.graph.js';

/** The metadata of a report that has none, as JSON. */
const NO_METADATA = 'null';

/** Whether a manual action took effect, and why not. */
export type ManualOutcome = 'done' | 'not_found' | 'invalid_state';

const CLAIM: Statement = {
  name: 'tasker_claim_steps',
  text: 'SELECT * FROM tasker.claim_steps($1, $2, $3, $4, $5, $6)',
  types: CLAIM_TYPES,
};
const CLAIM_ALONE: Statement = {
  name: 'tasker_claim_step_alone',
  text: 'SELECT * FROM tasker.claim_step_alone($1, $2, $3, $4, $5)',
  types: CLAIM_TYPES,
};
const COMPLETE: Statement = {
  name: 'tasker_complete_steps',
  text: 'SELECT * FROM tasker.complete_steps($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)',
  types: CLAIM_TYPES,
};
const EXTEND: Statement = {
  name: 'tasker_extend_leases',
  text: 'SELECT task_uuid, step_index, attempt_token FROM tasker.extend_leases($1, $2, $3, $4)',
};
const RELEASE: Statement = {
  name: 'tasker_release_steps',
  text: 'SELECT tasker.release_steps($1, $2, $3) AS count',
};
const RECLAIM: Statement = {
  name: 'tasker_reclaim_expired_steps',
  text: 'SELECT * FROM tasker.reclaim_expired_steps($1, $2)',
};
const SUBMIT: Statement = {
  name: 'tasker_submit_tasks',
  text: 'SELECT outcome, task_uuid, accepted_at FROM tasker.submit_tasks($1) ORDER BY ordinal',
};
const SUBMIT_AND_CLAIM: Statement = {
  name: 'tasker_submit_and_claim',
  text: 'SELECT * FROM tasker.submit_and_claim($1, $2, $3, $4, $5, $6, $7, $8)',
  types: CLAIM_TYPES,
};
const CANCEL: Statement = {
  name: 'tasker_cancel_task',
  text: 'SELECT tasker.cancel_task($1, $2, $3) AS outcome',
};
const RESET: Statement = {
  name: 'tasker_reset_step',
  text: 'SELECT outcome FROM tasker.reset_step($1, $2, $3, $4)',
};
const FINISH_BY_HAND: Statement = {
  name: 'tasker_finish_step_by_hand',
  text: 'SELECT outcome FROM tasker.finish_step_by_hand($1, $2, $3, $4, $5, $6, $7)',
};
const REGISTER_TEMPLATE: Statement = {
  name: 'tasker_register_template',
  text: 'SELECT template_id, conflicting_tasks FROM tasker.register_template($1, $2, $3, $4, $5, $6)',
};
const REGISTER_WORKER: Statement = {
  name: 'tasker_register_worker',
  text: 'SELECT tasker.register_worker($1, $2) AS worker_id',
};

/**
 * The durable core: one method a SQL function, and nothing else. What each promises, locks and answers is written above
 * the function, in `src/database/migrations`.
 *
 * Methods that take a client run in the caller's transaction. None of them retries: whoever calls knows for how long it
 * makes sense, and must say when it repeats a call.
 */
@Injectable()
export class Engine {
  constructor(private readonly database: Database) {}

  /** Makes the template known; answers with its id, or with the number of unfinished tasks under other content. */
  async registerTemplate(
    template: TaskTemplate,
  ): Promise<{ readonly templateId: number } | { readonly conflictingTasks: number }> {
    const [row] = await this.database.query<{ template_id: number | null; conflicting_tasks: string | null }>(
      REGISTER_TEMPLATE,
      [
        template.namespace,
        template.name,
        template.version,
        template.contentHash,
        JSON.stringify(templateDefinition(template)),
        JSON.stringify(templateGraph(template)),
      ],
    );
    return row?.template_id == null
      ? { conflictingTasks: Number(row?.conflicting_tasks ?? 0) }
      : { templateId: row.template_id };
  }

  /** Answers with the number under which this worker claims. */
  async registerWorker(name: string, hostname: string): Promise<number> {
    const [row] = await this.database.query<{ worker_id: number }>(REGISTER_WORKER, [name, hostname]);
    if (row === undefined) throw new Error('tasker.register_worker gave no row');
    return row.worker_id;
  }

  /**
   * Accepts tasks, each the JSON of a `NewTask`, all in one transaction (the client's, where one is given); an answer a
   * task, in order.
   */
  async submit(tasks: readonly string[], client?: pg.ClientBase): Promise<readonly SubmitAnswer[]> {
    const rows = await this.run<{ outcome: SubmitAnswer['outcome']; task_uuid: string; accepted_at: Date }>(
      SUBMIT,
      [`[${tasks.join(',')}]`],
      client,
    );
    return rows.map((row) => ({
      outcome: row.outcome,
      taskUuid: row.task_uuid,
      acceptedAt: row.accepted_at,
    }));
  }

  /** Accepts tasks as `submit` does, and claims at most one step a token in the same transaction. */
  async submitAndClaim(
    tasks: readonly string[],
    claimant: Claimant,
    { tokens, seek = true }: Wanted,
    repeated: boolean,
  ): Promise<{ readonly tasks: readonly SubmitAnswer[]; readonly claims: ClaimAnswer }> {
    const rows = await this.database.query<ClaimRow>(SUBMIT_AND_CLAIM, [
      `[${tasks.join(',')}]`,
      ...claimArguments(claimant, tokens, repeated),
      seek,
    ]);
    return { tasks: readSubmitAnswers(rows), claims: readClaimAnswer(rows) };
  }

  /** Claims at most one step a token. */
  async claim(claimant: Claimant, tokens: readonly string[], repeated: boolean): Promise<ClaimAnswer> {
    const rows = await this.database.query<ClaimRow>(CLAIM, claimArguments(claimant, tokens, repeated));
    return readClaimAnswer(rows);
  }

  /** Claims one step that must be run alone. Safe to repeat with the same token. */
  async claimAlone(claimant: Claimant, token: string): Promise<ClaimAnswer> {
    const rows = await this.database.query<ClaimRow>(CLAIM_ALONE, [
      claimant.workerId,
      SCHEMA_VERSION,
      claimant.templateIds,
      token,
      claimant.leaseSeconds,
    ]);
    return readClaimAnswer(rows);
  }

  /**
   * Records how attempts ended and claims at most one step a token in the same transaction. Dependants whose every parent
   * is among the reports are answered by their keys alone, as `handed`: the caller has what they are given.
   */
  async complete(
    claimant: Claimant,
    reports: readonly StepReport[],
    { tokens, seek = true, awaited = [] }: Wanted,
    repeated: boolean,
    client?: pg.ClientBase,
  ): Promise<CompletionAnswer> {
    const rows = await this.run<ClaimRow>(
      COMPLETE,
      [
        claimant.workerId,
        SCHEMA_VERSION,
        repeated,
        ...attemptColumns(reports),
        arrayLiteral(reports.map((report) => report.outcome === 'succeeded')),
        `[${reports.map(reportJson).join(',')}]`,
        metadataJson(reports),
        arrayLiteral(claimant.templateIds),
        arrayLiteral(tokens),
        claimant.leaseSeconds,
        eventsJson(reports),
        true,
        awaited.length === 0 ? null : arrayLiteral(awaited),
        seek,
      ],
      client,
    );
    return readCompletionAnswer(rows, reports, tokens);
  }

  /**
   * Extends leases; answers with the attempts that no longer hold their step. On a connection of the caller's own, so
   * that no shortage in the pool lets a lease run out.
   */
  async extend(
    attempts: readonly AttemptKey[],
    leaseSeconds: number,
    client: pg.ClientBase,
  ): Promise<readonly AttemptKey[]> {
    const rows = await this.database.queryOn<{
      task_uuid: string;
      step_index: number;
      attempt_token: string;
    }>(client, EXTEND, [...attemptColumns(attempts), leaseSeconds]);
    return rows.map((row) => ({
      taskUuid: row.task_uuid,
      stepIndex: row.step_index,
      token: row.attempt_token,
    }));
  }

  /** Hands attempts back unspent; answers with how many still held their step. */
  async release(attempts: readonly AttemptKey[]): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(RELEASE, attemptColumns(attempts));
    return row?.count ?? 0;
  }

  /** Takes back at most `limit` steps whose lease has run out. */
  async reclaim(maxLost: number, limit: number): Promise<readonly ReclaimedStep[]> {
    const rows = await this.database.query<{
      task_uuid: string;
      step_index: number;
      state: number;
      settled: boolean;
      name: string;
      lost_count: number;
      worker: string | null;
    }>(RECLAIM, [maxLost, limit]);
    return rows.map((row) => ({
      taskUuid: row.task_uuid,
      stepIndex: row.step_index,
      name: row.name,
      lostCount: row.lost_count,
      worker: row.worker,
      failed: row.state === 5,
      taskSettled: row.settled,
    }));
  }

  /** Cancels a task that has not ended. */
  async cancel(taskUuid: string, reason: string, by: string): Promise<'cancelled' | 'ended' | 'not_found'> {
    const [row] = await this.database.query<{ outcome: 'cancelled' | 'ended' | 'not_found' }>(CANCEL, [
      taskUuid,
      reason,
      by,
    ]);
    return row?.outcome ?? 'not_found';
  }

  /** Gives a step in error a new run. */
  async resetStep(taskUuid: string, stepIndex: number, reason: string, by: string): Promise<ManualOutcome> {
    return this.manual(RESET, [taskUuid, stepIndex, reason, by]);
  }

  /** Ends a step by hand without a result; its dependants go on. */
  async resolveStep(taskUuid: string, stepIndex: number, reason: string, by: string): Promise<ManualOutcome> {
    return this.manual(FINISH_BY_HAND, [taskUuid, stepIndex, false, null, null, reason, by]);
  }

  /** Ends a step by hand with a result; its dependants go on. */
  async completeStep(
    taskUuid: string,
    stepIndex: number,
    result: JsonValue,
    metadata: JsonValue,
    reason: string,
    by: string,
  ): Promise<ManualOutcome> {
    const values = [JSON.stringify(result), JSON.stringify(metadata), reason, by];
    return this.manual(FINISH_BY_HAND, [taskUuid, stepIndex, true, ...values]);
  }

  private async manual(statement: Statement, values: readonly unknown[]): Promise<ManualOutcome> {
    const [row] = await this.database.query<{ outcome: ManualOutcome }>(statement, values);
    return row?.outcome ?? 'not_found';
  }

  private run<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
    client: pg.ClientBase | undefined,
  ): Promise<readonly Row[]> {
    return client === undefined
      ? this.database.query<Row>(statement, values)
      : this.database.queryOn<Row>(client, statement, values);
  }
}

function claimArguments(
  { workerId, templateIds, leaseSeconds }: Claimant,
  tokens: readonly string[],
  repeated: boolean,
): readonly unknown[] {
  return [workerId, SCHEMA_VERSION, repeated, arrayLiteral(templateIds), arrayLiteral(tokens), leaseSeconds];
}

function attemptColumns(attempts: readonly AttemptKey[]): readonly unknown[] {
  return [
    arrayLiteral(attempts.map((attempt) => attempt.taskUuid)),
    arrayLiteral(attempts.map((attempt) => attempt.stepIndex)),
    arrayLiteral(attempts.map((attempt) => attempt.token)),
  ];
}

function reportJson(report: StepReport): string {
  if (report.outcome === 'succeeded') return report.resultJson;
  const { retry } = report;
  return JSON.stringify({
    error: report.failure,
    retry: {
      retryable: retry.retryable,
      max_attempts: retry.maxAttempts,
      backoff: retry.backoff,
      base_ms: retry.backoffBaseMs,
      cap_ms: retry.maxBackoffMs,
      jitter: retry.jitter,
      after_ms: retry.retryAfterMs,
    },
  });
}

/** Null where no report has any, as mostly. */
function metadataJson(reports: readonly StepReport[]): string | null {
  const noneHas = reports.every(
    (report) => report.outcome === 'failed' || report.metadataJson === NO_METADATA,
  );
  if (noneHas) return null;
  const texts = reports.map((report) => (report.outcome === 'succeeded' ? report.metadataJson : NO_METADATA));
  return `[${texts.join(',')}]`;
}

/** Null where no report has durable events, which spares the outbox its lock. */
function eventsJson(reports: readonly StepReport[]): string | null {
  if (reports.every(({ events }) => events === undefined)) return null;
  const events = reports.map(
    (report) => report.events?.filter(({ deliveryMode }) => deliveryMode !== 'fast') ?? [],
  );
  if (events.every((list) => list.length === 0)) return null;
  return JSON.stringify(events.map((list) => list.map(({ name, payload }) => ({ name, payload }))));
}
