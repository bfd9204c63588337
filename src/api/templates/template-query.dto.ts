import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';

import { LONGEST } from '../../engine/index.js';
import { IsText } from '../../http/index.js';

const FLAGS = ['true', 'false'];

export class TemplateQueryDto {
  @ApiPropertyOptional({
    maxLength: LONGEST.name,
    description: 'Only templates of this namespace',
    example: 'linear_workflow',
  })
  @IsOptional()
  @IsText(LONGEST.name)
  namespace?: string;

  /** Tasker's workers answer it with figures of their cache. There is no such cache here, and so no figures. */
  @ApiPropertyOptional({
    enum: FLAGS,
    description: 'Accepted for Tasker’s clients; there is no cache to tell of, so the answer is the same',
  })
  @IsOptional()
  @IsIn(FLAGS, { message: 'must be true or false' })
  include_cache_stats?: string;
}
