import type { JsonObject, JsonValue } from './json.types.js';
import type { StepInput } from './step-input.js';

/** An attempt at a step: what names it in every report to the engine. */
export interface AttemptKey {
  readonly taskUuid: string;
  readonly stepIndex: number;
  /** Random, issued once. Whoever holds the step under this token may report on it. */
  readonly token: string;
}

/** A step that this process has claimed and must now run. */
export interface ClaimedStep extends AttemptKey {
  readonly templateId: number;
  readonly name: string;
  /** 1 for the first attempt of the step's current run. */
  readonly attempt: number;
  readonly lostCount: number;
  readonly leaseSeconds: number;
  readonly correlationId: string;
  readonly input: StepInput;
}

/** Who claims, and what it can run. */
export interface Claimant {
  readonly workerId: number;
  readonly templateIds: readonly number[];
  readonly leaseSeconds: number;
}

/** The answer to a claim, also to one that came with a report. */
export interface ClaimAnswer {
  readonly steps: readonly ClaimedStep[];
  /** Milliseconds until the next retry is due, by the database's clock. */
  readonly nextRetryMs: number | null;
  /** Whether ready steps were probably left behind; null where nobody looked, having no token left to take them with. */
  readonly more: boolean | null;
  /** Whether steps wait that must be run alone. */
  readonly alone: boolean;
  /** The schema is newer than this process knows, so that it gets no work. */
  readonly schemaIsNewer: boolean;
}

/** How an attempt that failed may be retried. */
export interface RetryRule {
  readonly retryable: boolean;
  readonly maxAttempts: number;
  readonly backoff: 'none' | 'linear' | 'exponential' | 'fibonacci';
  readonly backoffBaseMs: number;
  readonly maxBackoffMs: number;
  readonly jitter: boolean;
  /** What the handler asked for; wins over the backoff, uncapped. */
  readonly retryAfterMs: number | null;
}

/** An attempt's failure as it is kept. */
export interface FailureDetail {
  readonly message: string;
  readonly error_code: string;
  readonly error_type: string;
  readonly retryable: boolean;
  readonly status_code: number | null;
  readonly context: JsonObject;
  readonly backtrace: readonly string[];
}

/** An event that an attempt publishes with its end. */
export interface StepEvent {
  readonly name: string;
  readonly deliveryMode: 'durable' | 'fast' | 'broadcast';
  readonly payload: JsonValue;
  /** What subscribers in this process are told of it; the outbox finds it in the step's own rows. */
  readonly origin: StepEventOrigin;
}

export interface StepEventOrigin {
  readonly namespace: string;
  readonly templateName: string;
  readonly templateVersion: string;
  readonly stepName: string;
  readonly attempt: number;
  readonly correlationId: string;
}

/** How an attempt ended. Results and metadata are JSON texts: they were serialized once, to be checked. */
export type StepReport = AttemptKey & { readonly events?: readonly StepEvent[] } & (
    | { readonly outcome: 'succeeded'; readonly resultJson: string; readonly metadataJson: string }
    | { readonly outcome: 'failed'; readonly failure: FailureDetail; readonly retry: RetryRule }
  );

/** A report that changed nothing. */
export interface UnrecordedReport extends AttemptKey {
  /** `repeated`: it had been recorded already. `refused`: its attempt no longer holds the step. */
  readonly reason: 'repeated' | 'refused';
}

/** A dependant that the caller was given together with what it has reported. */
export interface HandedStep extends AttemptKey {
  /** The place of one of its parents among the reports, from 0. */
  readonly parent: number;
}

export interface CompletionAnswer extends ClaimAnswer {
  readonly unrecorded: readonly UnrecordedReport[];
  /** Claimed as well: first attempts at dependants whose every parent is among the reports. */
  readonly handed: readonly HandedStep[];
  /** Tasks that ended or became blocked. */
  readonly settledTasks: readonly string[];
  /** Those of them that became blocked. */
  readonly blockedTasks: readonly string[];
  /** Those of them that were awaited, as they stand now: for `TaskReader.taskOf`, by their ids. */
  readonly snapshots: ReadonlyMap<string, string>;
  /** How many steps became ready and were not handed over with this answer as dependants. */
  readonly released: number;
}

/** A step whose worker was lost. */
export interface ReclaimedStep {
  readonly taskUuid: string;
  readonly stepIndex: number;
  readonly name: string;
  /** How often it has been lost, this time included. */
  readonly lostCount: number;
  /** The lost worker's name. */
  readonly worker: string | null;
  /** It was lost too often and has ended in error. */
  readonly failed: boolean;
  /** Its task has become blocked. */
  readonly taskSettled: boolean;
}

/** What a call that does something else is to bring besides. */
export interface Wanted {
  /** At most one step each. */
  readonly tokens: readonly string[];
  /** Whether ready steps of other tasks may wait; true where left out. */
  readonly seek?: boolean;
  /** Tasks that are to be answered as they then stand, where they settle by this. */
  readonly awaited?: readonly string[];
}

/**
 * A task as the engine takes it: checked, identified, and pinned to a registered template. What is left out is not
 * sent: of many small tasks it would be half the text.
 */
export interface NewTask {
  readonly task_uuid: string;
  readonly template_id: number;
  readonly context: JsonObject;
  readonly correlation_id: string;
  readonly parent_correlation_id?: string | null | undefined;
  readonly priority?: number | undefined;
  readonly lease_seconds?: number | null | undefined;
  readonly request_hash?: string | null | undefined;
  readonly unique_request?: boolean | undefined;
  readonly idempotency_hash?: string | null | undefined;
  readonly idempotency_key?: string | null | undefined;
  readonly initiator: string;
  readonly source_system: string;
  readonly reason: string;
  readonly tags?: readonly string[] | null | undefined;
  readonly options?: JsonObject | null | undefined;
}

export interface SubmitAnswer {
  readonly outcome: 'created' | 'repeated' | 'conflict';
  /** The task's own id, or that of the one it repeats or conflicts with. */
  readonly taskUuid: string;
  /** By the database's clock. */
  readonly acceptedAt: Date;
}
