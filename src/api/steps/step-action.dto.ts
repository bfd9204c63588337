import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Equals, IsOptional } from 'class-validator';

import { LONGEST } from '../../engine/index.js';
import type { JsonObject, JsonValue } from '../../engine/index.js';
import { IsGiven, IsJsonObject, IsText } from '../../http/index.js';
import { JsonProperty } from '../json-property.decorator.js';

const WHY = {
  maxLength: LONGEST.reason,
  description: 'Kept in the audit',
  example: 'The bank was down; it is back',
};
const WHO = { maxLength: LONGEST.actor, description: 'Kept in the audit', example: 'ada@example.com' };

/** Gives a step in error a new run, its attempts counted anew. */
@ApiSchema({ name: 'ResetForRetry' })
export class ResetForRetryDto {
  @ApiProperty({ enum: ['reset_for_retry'] })
  @Equals('reset_for_retry')
  action_type!: 'reset_for_retry';

  @ApiProperty(WHY)
  @IsText(LONGEST.reason)
  reason!: string;

  @ApiProperty(WHO)
  @IsText(LONGEST.actor)
  reset_by!: string;
}

/** Ends a step without a result; its dependants go on. */
@ApiSchema({ name: 'ResolveManually' })
export class ResolveManuallyDto {
  @ApiProperty({ enum: ['resolve_manually'] })
  @Equals('resolve_manually')
  action_type!: 'resolve_manually';

  @ApiProperty(WHY)
  @IsText(LONGEST.reason)
  reason!: string;

  @ApiProperty(WHO)
  @IsText(LONGEST.actor)
  resolved_by!: string;
}

/** The result of a step that is completed by hand. */
@ApiSchema({ name: 'CompletionData' })
export class CompletionDataDto {
  @JsonProperty({ description: 'Must fit the result_schema of the step', example: { total: 209.97 } })
  @IsGiven()
  result!: JsonValue;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Kept beside the result',
    example: { invoice: 'paper' },
  })
  @IsOptional()
  @IsJsonObject()
  metadata?: JsonObject | null;
}

/** Ends a step with a result given by hand; its dependants go on with it. */
@ApiSchema({ name: 'CompleteManually' })
export class CompleteManuallyDto {
  @ApiProperty({ enum: ['complete_manually'] })
  @Equals('complete_manually')
  action_type!: 'complete_manually';

  @ApiProperty({ type: CompletionDataDto })
  @IsJsonObject()
  completion_data!: CompletionDataDto;

  @ApiProperty(WHY)
  @IsText(LONGEST.reason)
  reason!: string;

  @ApiProperty(WHO)
  @IsText(LONGEST.actor)
  completed_by!: string;
}

export type StepActionDto = ResetForRetryDto | ResolveManuallyDto | CompleteManuallyDto;
