import { randomUUID } from 'node:crypto';

import type { Client } from 'pg';
import type { QueryResultRow } from 'pg';
import { v7 as uuidV7 } from 'uuid';

import { SCHEMA_VERSION } from '../../src/database/index.js';
import {
  CLAIM_TYPES,
  readClaimAnswer,
  readCompletionAnswer,
  readSubmitAnswers,
} from '../../src/engine/claim-answer.reader.js';
import type { ClaimRow } from '../../src/engine/claim-answer.reader.js';
import type {
  AttemptKey,
  ClaimAnswer,
  CompletionAnswer,
  JsonObject,
  NewTask,
  SubmitAnswer,
} from '../../src/engine/index.js';
import type { Report } from './reports.js';

/** What a claim asks for; left out: one slot, every template, 30 seconds. */
export interface ClaimWish {
  readonly slots?: number;
  /** Instead of `slots`: the tokens to claim with. */
  readonly tokens?: readonly string[];
  readonly templates?: readonly number[];
  readonly leaseSeconds?: number;
  readonly repeated?: boolean;
  readonly schemaVersion?: number;
  /** Of calls that do something else besides. */
  readonly seek?: boolean;
}

/** What a test says of a task; the rest is filled in. */
export type TaskWish = Partial<NewTask> & { readonly template_id: number };

export interface SubmitRow {
  readonly ordinal: number;
  readonly outcome: 'created' | 'repeated' | 'conflict' | null;
  readonly task_uuid: string;
  readonly accepted_at: Date;
}

export interface ReclaimRow {
  readonly task_uuid: string;
  readonly step_index: number;
  readonly state: number;
  readonly settled: boolean;
  readonly name: string;
  readonly lost_count: number;
  readonly worker: string | null;
}

export interface ManualRow {
  readonly outcome: 'done' | 'not_found' | 'invalid_state';
  readonly state: number | null;
}

export function tokens(count: number): readonly string[] {
  return Array.from({ length: count }, () => randomUUID());
}

export function newTask(wish: TaskWish): NewTask {
  return {
    task_uuid: uuidV7(),
    context: {},
    correlation_id: uuidV7(),
    parent_correlation_id: null,
    priority: 0,
    lease_seconds: null,
    request_hash: null,
    unique_request: false,
    idempotency_hash: null,
    idempotency_key: null,
    initiator: 'a test',
    source_system: 'jest',
    reason: 'to see',
    tags: null,
    options: null,
    ...wish,
  };
}

/** One worker's connection: calls the functions of the durable core as any worker would, one call at a time. */
export class CoreConnection {
  constructor(
    private readonly client: Client,
    readonly workerId: number,
    private readonly everyTemplate: readonly number[],
  ) {}

  async rows<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(text, [...values])).rows;
  }

  async submitAll(tasks: readonly NewTask[]): Promise<SubmitRow[]> {
    return this.submitText(JSON.stringify(tasks));
  }

  async submitText(json: string): Promise<SubmitRow[]> {
    return this.call<SubmitRow>('submit_tasks', [json]);
  }

  /** Submits one task and answers with its id. */
  async submit(wish: TaskWish): Promise<string> {
    const [row] = await this.submitAll([newTask(wish)]);
    if (row?.outcome !== 'created') throw new Error(`expected a new task, got ${JSON.stringify(row)}`);
    return row.task_uuid;
  }

  async submitAndClaim(
    tasks: readonly NewTask[],
    wish: ClaimWish = {},
  ): Promise<{ readonly tasks: readonly SubmitAnswer[]; readonly claims: ClaimAnswer }> {
    const values = [JSON.stringify(tasks), ...this.claimValues(wish), wish.seek ?? true];
    const rows = await this.call<ClaimRow>('submit_and_claim', values);
    return { tasks: readSubmitAnswers(rows), claims: readClaimAnswer(rows) };
  }

  async claim(wish: ClaimWish = {}): Promise<ClaimAnswer> {
    return readClaimAnswer(await this.call<ClaimRow>('claim_steps', this.claimValues(wish)));
  }

  async claimAlone(token: string, wish: ClaimWish = {}): Promise<ClaimAnswer> {
    const values = [
      this.workerId,
      wish.schemaVersion ?? SCHEMA_VERSION,
      wish.templates ?? this.everyTemplate,
      token,
      wish.leaseSeconds ?? 30,
    ];
    return readClaimAnswer(await this.call<ClaimRow>('claim_step_alone', values));
  }

  /** Records reports; takes further work only where `next` says so. */
  async complete(reports: readonly Report[], next: ClaimWish = { slots: 0 }): Promise<CompletionAnswer> {
    const claimTokens = next.tokens ?? tokens(next.slots ?? 1);
    const [worker, version, repeated, templates, , lease] = this.claimValues(next);
    const rows = await this.call<ClaimRow>('complete_steps', [
      worker,
      version,
      repeated,
      ...attemptColumns(reports),
      reports.map((report) => report.succeeded),
      `[${reports.map((report) => report.json).join(',')}]`,
      `[${reports.map((report) => report.metadata).join(',')}]`,
      templates,
      claimTokens,
      lease,
    ]);
    return readCompletionAnswer(rows, reports, claimTokens);
  }

  /** Answers with the tokens of those that are lost. */
  async extend(attempts: readonly AttemptKey[], leaseSeconds = 30): Promise<string[]> {
    const rows = await this.call<{ attempt_token: string }>('extend_leases', [
      ...attemptColumns(attempts),
      leaseSeconds,
    ]);
    return rows.map((row) => row.attempt_token);
  }

  async release(attempts: readonly AttemptKey[]): Promise<number> {
    const [row] = await this.call<{ release_steps: number }>('release_steps', attemptColumns(attempts));
    return row?.release_steps ?? 0;
  }

  async reclaim({ maxLost = 5, limit = 1_000 } = {}): Promise<ReclaimRow[]> {
    return this.call<ReclaimRow>('reclaim_expired_steps', [maxLost, limit]);
  }

  async cancel(taskUuid: string): Promise<string> {
    const [row] = await this.call<{ cancel_task: string }>('cancel_task', [taskUuid, 'enough', 'a person']);
    return row?.cancel_task ?? '';
  }

  async reset(taskUuid: string, stepIndex: number): Promise<ManualRow | undefined> {
    const [row] = await this.call<ManualRow>('reset_step', [taskUuid, stepIndex, 'again', 'a person']);
    return row;
  }

  async resolve(taskUuid: string, stepIndex: number): Promise<ManualRow | undefined> {
    return this.finishByHand([taskUuid, stepIndex, false, null, null]);
  }

  async completeByHand(
    taskUuid: string,
    stepIndex: number,
    result: JsonObject,
  ): Promise<ManualRow | undefined> {
    return this.finishByHand([taskUuid, stepIndex, true, JSON.stringify(result), '{"by_hand":true}']);
  }

  /** Runs `work` in a transaction that stays open until the answer's `end` is called. */
  async within<T>(
    work: () => Promise<T>,
  ): Promise<{ answer: T; end: (how: 'COMMIT' | 'ROLLBACK') => Promise<void> }> {
    await this.client.query('BEGIN');
    const answer = await work();
    return {
      answer,
      end: async (how) => {
        await this.client.query(how);
      },
    };
  }

  private async finishByHand(values: readonly unknown[]): Promise<ManualRow | undefined> {
    const [row] = await this.call<ManualRow>('finish_step_by_hand', [...values, 'done outside', 'a person']);
    return row;
  }

  private claimValues(wish: ClaimWish): readonly unknown[] {
    return [
      this.workerId,
      wish.schemaVersion ?? SCHEMA_VERSION,
      wish.repeated ?? false,
      wish.templates ?? this.everyTemplate,
      wish.tokens ?? tokens(wish.slots ?? 1),
      wish.leaseSeconds ?? 30,
    ];
  }

  /** As a named statement, so that its plan is kept, as it is in a worker. */
  private async call<Row extends QueryResultRow>(name: string, values: readonly unknown[]): Promise<Row[]> {
    const places = values.map((_, index) => `$${index + 1}`).join(', ');
    const text = `SELECT * FROM tasker.${name}(${places})`;
    return (await this.client.query<Row>({ name, text, values: [...values], types: CLAIM_TYPES })).rows;
  }
}

function attemptColumns(attempts: readonly AttemptKey[]): readonly unknown[] {
  return [
    attempts.map((attempt) => attempt.taskUuid),
    attempts.map((attempt) => attempt.stepIndex),
    attempts.map((attempt) => attempt.token),
  ];
}
