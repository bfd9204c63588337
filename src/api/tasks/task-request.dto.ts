import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';

import { LONGEST, MOST_TAGS } from '../../engine/index.js';
import type { JsonObject } from '../../engine/index.js';
import {
  IsIntegerFrom,
  IsJsonObject,
  IsText,
  IsTextList,
  IsTextOfLength,
  IsTimestamp,
  IsUuid,
} from '../../http/index.js';
import { JsonObjectProperty } from '../json-property.decorator.js';

/** Tasker's command line takes priorities up to 255. */
export const HIGHEST_PRIORITY = 100;

/** Tasker's `TaskRequest`. An optional field may be null as well as left out. */
@ApiSchema({ name: 'TaskRequest' })
export class TaskRequestDto {
  @IsText(LONGEST.name)
  @ApiProperty({
    maxLength: LONGEST.name,
    description: 'Name of the template',
    example: 'mathematical_sequence',
  })
  name!: string;

  @IsText(LONGEST.name)
  @ApiProperty({ maxLength: LONGEST.name, example: 'linear_workflow' })
  namespace!: string;

  @IsText(LONGEST.name)
  @ApiProperty({ maxLength: LONGEST.name, example: '1.0.0' })
  version!: string;

  @IsJsonObject()
  @JsonObjectProperty({
    description: 'Checked against the template’s input_schema',
    example: { even_number: 6 },
  })
  context!: JsonObject;

  @IsOptional()
  @IsText(LONGEST.initiator)
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: LONGEST.initiator,
    description: 'Who asks; “unknown” where left out',
    example: 'order-service',
  })
  initiator?: string | null;

  @IsOptional()
  @IsText(LONGEST.sourceSystem)
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: LONGEST.sourceSystem,
    description: '“unknown” where left out',
    example: 'web-shop',
  })
  source_system?: string | null;

  @IsOptional()
  @IsText(LONGEST.reason)
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: LONGEST.reason,
    description: '“unknown” where left out',
    example: 'A customer has ordered',
  })
  reason?: string | null;

  @IsOptional()
  @IsTextList(MOST_TAGS)
  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: LONGEST.tag },
    maxItems: MOST_TAGS,
    nullable: true,
    example: ['example'],
  })
  tags?: string[] | null;

  @IsOptional()
  @IsIntegerFrom(-100, 255)
  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: -100,
    maximum: 255,
    default: 0,
    description: `Higher first; what is above ${HIGHEST_PRIORITY} is stored and answered as ${HIGHEST_PRIORITY}`,
    example: 10,
  })
  priority?: number | null;

  @IsOptional()
  @IsUuid()
  @ApiPropertyOptional({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Ties tasks together in logs; made by the service where left out',
    example: '0197a0de-0000-7000-8000-000000000003',
  })
  correlation_id?: string | null;

  @IsOptional()
  @IsUuid()
  @ApiPropertyOptional({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '0197a0de-0000-7000-8000-000000000004',
  })
  parent_correlation_id?: string | null;

  @IsOptional()
  @IsTextOfLength(1, LONGEST.idempotencyKey)
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: LONGEST.idempotencyKey,
    description: 'The same request with the same key answers with the same task',
    example: 'order-4711',
  })
  idempotency_key?: string | null;

  /** Accepted because Tasker's clients send it; when a task was requested is the server's to say. */
  @IsOptional()
  @IsTimestamp()
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Accepted, with a zone or without one; the server’s clock wins',
    example: '2026-01-31T12:00:00.000Z',
  })
  requested_at?: string | null;

  @IsOptional()
  @IsJsonObject()
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Kept with the task and given to its handlers',
    example: { dry_run: false },
  })
  options?: JsonObject | null;

  @IsOptional()
  @IsIntegerFrom(1, 3600)
  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 1,
    maximum: 3600,
    description: 'The lease of this task’s steps; the worker’s setting where left out',
    example: 60,
  })
  claim_timeout_seconds?: number | null;
}
