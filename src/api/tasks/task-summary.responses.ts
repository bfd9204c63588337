import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import { STEP_STATES, TASK_STATUSES } from '../../engine/index.js';
import type {
  ExecutionStatus,
  HealthStatus,
  JsonObject,
  JsonValue,
  RecommendedAction,
  StepState,
  TaskStatus,
} from '../../engine/index.js';
import { JsonObjectProperty, JsonProperty } from '../json-property.decorator.js';
import { STEP_ACTION_TYPES, type StepActionType } from '../steps/step-action.types.js';
import { SummarizedStep, TaskerSummary } from './tasker-summary.responses.js';
import { EXECUTION_STATUSES, HEALTH_STATUSES, RECOMMENDED_ACTIONS } from './task.responses.js';

export const WAIT_KINDS = ['steps', 'retry', 'worker'] as const;
export type WaitKind = (typeof WAIT_KINDS)[number];

/** Why the last attempt of a step failed. */
export class StepFailureSummary {
  @ApiProperty({ type: String, nullable: true, example: 'PAYMENT_DECLINED' })
  readonly code!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'PaymentError' })
  readonly type!: string | null;

  @ApiProperty({ example: 'The card was declined' })
  readonly message!: string;

  @ApiProperty({ description: 'The handler thought that another attempt may help' })
  readonly retryable!: boolean;

  @ApiProperty({ format: 'date-time' })
  readonly failed_at!: string;

  @JsonObjectProperty({ description: 'What the handler gave with the error', example: {} })
  readonly context!: JsonObject;
}

/** A step that another one waits for. */
export class AwaitedStep {
  @ApiProperty({ example: 'process_payment' })
  readonly name!: string;

  @ApiProperty({ enum: STEP_STATES, enumName: 'StepState' })
  readonly current_state!: StepState;
}

/** What keeps a step from running now. */
export class StepWaitSummary {
  @ApiProperty({ enum: WAIT_KINDS, enumName: 'WaitKind' })
  readonly for!: WaitKind;

  @ApiProperty({ type: [AwaitedStep], description: 'Its unfinished dependencies, where it waits for steps' })
  readonly steps!: readonly AwaitedStep[];

  @ApiProperty({
    type: [String],
    description: 'The failed steps, however far up, that have to be dealt with first',
  })
  readonly blocked_by!: readonly string[];

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When the retry is due' })
  readonly until!: string | null;
}

/** A step in a summary. */
export class StepSummary extends SummarizedStep {
  @ApiProperty({ format: 'uuid' })
  readonly step_uuid!: string;

  @ApiProperty({ example: 'process_payment' })
  readonly name!: string;

  @ApiProperty({ enum: STEP_STATES, enumName: 'StepState' })
  readonly current_state!: StepState;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly attempts!: number;

  @ApiProperty({ type: 'integer', example: 3 })
  readonly max_attempts!: number;

  @JsonProperty({ description: 'Of a step that is complete', example: 36 })
  readonly result!: JsonValue;

  @ApiPropertyOptional({
    description:
      'True where the steps have left more than 8 MiB and this one’s result or error context is left out; reading the step gives it',
  })
  readonly results_omitted?: boolean;

  @ApiProperty({
    type: StepFailureSummary,
    nullable: true,
    description: 'Of a step whose last attempt failed, also while it waits for the next one',
  })
  readonly failure!: StepFailureSummary | null;

  @ApiProperty({ type: StepWaitSummary, nullable: true, description: 'Of a step that waits' })
  readonly waiting!: StepWaitSummary | null;

  @ApiProperty({
    enum: STEP_ACTION_TYPES,
    enumName: 'StepActionType',
    isArray: true,
    description: 'What can be done with it by hand now, with PATCH',
  })
  readonly possible_actions!: readonly StepActionType[];
}

/** How a task stands, for whoever has to do something about it. */
export class TaskSummaryResponse extends TaskerSummary {
  @ApiProperty({ format: 'uuid' })
  readonly task_uuid!: string;

  @ApiProperty({ example: 'order_fulfillment' })
  readonly namespace!: string;

  @ApiProperty({ example: 'business_workflow' })
  readonly name!: string;

  @ApiProperty({ example: '1.0.0' })
  readonly version!: string;

  @ApiProperty({ enum: TASK_STATUSES, enumName: 'TaskStatus' })
  readonly status!: TaskStatus;

  @ApiProperty({
    description: 'The same in a sentence',
    example:
      'Blocked after 2 of 4 steps: process_payment failed (PAYMENT_DECLINED: The card was declined); ship_order waits for it',
  })
  readonly explanation!: string;

  @ApiProperty({ enum: EXECUTION_STATUSES, enumName: 'ExecutionStatus' })
  readonly execution_status!: ExecutionStatus;

  @ApiProperty({ enum: RECOMMENDED_ACTIONS, enumName: 'RecommendedAction' })
  readonly recommended_action!: RecommendedAction;

  @ApiProperty({ enum: HEALTH_STATUSES, enumName: 'HealthStatus' })
  readonly health_status!: HealthStatus;

  @ApiProperty({ minimum: 0, maximum: 100, example: 50 })
  readonly completion_percentage!: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The limit of its template’s lifecycle that it is over',
  })
  readonly exceeded_limit!: string | null;

  @ApiProperty({ format: 'date-time' })
  readonly created_at!: string;

  @ApiProperty({ format: 'date-time' })
  readonly updated_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly completed_at!: string | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'From its submit to its end, in milliseconds; null while it has not ended',
    example: 84,
  })
  readonly duration_ms!: number | null;

  @ApiProperty({ example: 'order-service' })
  readonly initiator!: string;

  @ApiProperty({ example: 'web-shop' })
  readonly source_system!: string;

  @ApiProperty({ example: 'A customer has ordered' })
  readonly reason!: string;

  @ApiProperty({ type: [String], example: ['example'] })
  readonly tags!: readonly string[];

  @ApiProperty({ format: 'uuid' })
  readonly correlation_id!: string;

  @JsonObjectProperty({
    description: 'The results of the steps that are complete, by name',
    example: { linear_step_1: 36, linear_step_2: 46 },
  })
  readonly results!: Readonly<Record<string, JsonValue>>;

  @ApiProperty({ type: [StepSummary], description: 'In topological order' })
  readonly steps!: readonly StepSummary[];
}
