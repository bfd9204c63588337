import type { JsonObject } from './json.types.js';
import type { StepExecutionEnvelope } from './task.types.js';

/** What an entry of a step's audit is about: how an attempt ended, or what was done by hand. */
export type AuditedAction =
  | 'attempt_succeeded'
  | 'attempt_failed'
  | 'attempt_lost'
  | 'attempt_handed_back'
  | 'reset_for_retry'
  | 'resolved_manually'
  | 'completed_manually';

/** One thing that has been recorded of a step. */
export interface StepAuditEntry {
  /** Ascends within a task. */
  readonly eventId: number;
  readonly taskUuid: string;
  readonly stepUuid: string;
  readonly stepName: string;
  readonly correlationId: string;
  readonly action: AuditedAction;
  readonly recordedAt: Date;
  /** When the attempt began; null for what was done by hand. */
  readonly startedAt: Date | null;
  /** Which attempt of its run it was; null for what was done by hand. */
  readonly attempt: number | null;
  readonly worker: { readonly name: string; readonly hostname: string } | null;
  /** What a step's `results` are made of; null where the entry left none. */
  readonly envelope: StepExecutionEnvelope | null;
  /** Who acted by hand, why, and in which state they found the step. */
  readonly manual: {
    readonly by: string;
    readonly reason: string;
    readonly fromState: string;
  } | null;
  readonly metadata: JsonObject | null;
}

/** A part of a step's audit. */
export interface StepAuditPage {
  readonly entries: readonly StepAuditEntry[];
  /** What the next page begins behind; null: there is none. */
  readonly next: string | null;
}
