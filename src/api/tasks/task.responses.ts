import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import { STEP_STATES, TASK_STATUSES } from '../../engine/index.js';
import type {
  ExecutionStatus,
  HealthStatus,
  JsonObject,
  RecommendedAction,
  StepState,
  TaskStatus,
} from '../../engine/index.js';
import { JsonObjectProperty } from '../json-property.decorator.js';

export const EXECUTION_STATUSES = [
  'blocked_by_failures',
  'has_ready_steps',
  'processing',
  'all_complete',
  'waiting_for_dependencies',
] as const satisfies readonly ExecutionStatus[];

export const RECOMMENDED_ACTIONS = [
  'handle_failures',
  'execute_ready_steps',
  'wait_for_completion',
  'finalize_task',
  'wait_for_dependencies',
] as const satisfies readonly RecommendedAction[];

export const HEALTH_STATUSES = [
  'healthy',
  'recovering',
  'blocked',
] as const satisfies readonly HealthStatus[];

const NAIVE_TIME = 'In UTC, without a zone';

/** A step inside a `TaskResponse`. Its timestamps have no zone, unlike all others: Tasker's clients decode them so. */
export class StepReadinessStatus {
  @ApiProperty({ format: 'uuid' })
  readonly workflow_step_uuid!: string;

  @ApiProperty({ format: 'uuid' })
  readonly task_uuid!: string;

  @ApiProperty({ format: 'uuid', description: 'The same for every task of a template version' })
  readonly named_step_uuid!: string;

  @ApiProperty({ example: 'linear_step_1' })
  readonly name!: string;

  @ApiProperty({ enum: STEP_STATES, enumName: 'StepState' })
  readonly current_state!: StepState;

  @ApiProperty()
  readonly dependencies_satisfied!: boolean;

  @ApiProperty({ description: 'Attempts are left, and nothing forbids another one' })
  readonly retry_eligible!: boolean;

  @ApiProperty()
  readonly ready_for_execution!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: NAIVE_TIME,
    example: '2026-01-31T12:00:01.000000',
  })
  readonly last_failure_at!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: NAIVE_TIME,
    example: '2026-01-31T12:00:03.000000',
  })
  readonly next_retry_at!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: NAIVE_TIME,
    example: '2026-01-31T12:00:00.000000',
  })
  readonly last_attempted_at!: string | null;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly total_parents!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly completed_parents!: number;

  @ApiProperty({ type: 'integer', description: 'The attempt under way included', example: 1 })
  readonly attempts!: number;

  @ApiProperty({ type: 'integer', example: 3 })
  readonly max_attempts!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    maximum: 2_147_483_647,
    description:
      'How long the retry that is due next was put off, rounded up; of more than it can hold the highest',
    example: 2,
  })
  readonly backoff_request_seconds!: number | null;
}

/** Tasker's `TaskResponse`. */
export class TaskResponse {
  @ApiProperty({ format: 'uuid' })
  readonly task_uuid!: string;

  @ApiProperty({ example: 'mathematical_sequence' })
  readonly name!: string;

  @ApiProperty({ example: 'linear_workflow' })
  readonly namespace!: string;

  @ApiProperty({ example: '1.0.0' })
  readonly version!: string;

  @ApiProperty({ enum: TASK_STATUSES, enumName: 'TaskStatus' })
  readonly status!: TaskStatus;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  readonly created_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:01.000Z' })
  readonly updated_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  readonly completed_at!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The limit of its template’s lifecycle that the task is over',
    example: null,
  })
  readonly exceeded_limit!: string | null;

  @JsonObjectProperty({
    description:
      'What the task was submitted with; empty for those who lack the permission tasks:context_read',
    example: { even_number: 6 },
  })
  readonly context!: JsonObject;

  @ApiPropertyOptional({
    description:
      'In a list: true where its contexts have more than 4 MiB and this one is left out; reading the task gives it',
  })
  readonly context_omitted?: boolean;

  @ApiProperty({ example: 'order-service' })
  readonly initiator!: string;

  @ApiProperty({ example: 'web-shop' })
  readonly source_system!: string;

  @ApiProperty({ example: 'A customer has ordered' })
  readonly reason!: string;

  @ApiProperty({ type: 'integer', minimum: -100, maximum: 100, description: 'Higher first', example: 0 })
  readonly priority!: number;

  @ApiProperty({ type: [String], example: ['example'] })
  readonly tags!: readonly string[];

  @ApiProperty({ format: 'uuid' })
  readonly correlation_id!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  readonly parent_correlation_id!: string | null;

  @ApiProperty({ type: 'integer', example: 4 })
  readonly total_steps!: number;

  @ApiProperty({ type: 'integer', example: 2 })
  readonly pending_steps!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly in_progress_steps!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly completed_steps!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  readonly failed_steps!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  readonly ready_steps!: number;

  @ApiProperty({ enum: EXECUTION_STATUSES, enumName: 'ExecutionStatus' })
  readonly execution_status!: ExecutionStatus;

  @ApiProperty({ enum: RECOMMENDED_ACTIONS, enumName: 'RecommendedAction' })
  readonly recommended_action!: RecommendedAction;

  @ApiProperty({ minimum: 0, maximum: 100, example: 25 })
  readonly completion_percentage!: number;

  @ApiProperty({ enum: HEALTH_STATUSES, enumName: 'HealthStatus' })
  readonly health_status!: HealthStatus;

  @ApiProperty({ type: [StepReadinessStatus], description: 'In topological order' })
  readonly steps!: readonly StepReadinessStatus[];
}
