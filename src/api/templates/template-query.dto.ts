import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';

import { LONGEST } from '../../engine/index.js';
import { IsText } from '../../http/index.js';

export class TemplateQueryDto {
  @ApiPropertyOptional({
    maxLength: LONGEST.name,
    description: 'Only templates of this namespace',
    example: 'linear_workflow',
  })
  @IsOptional()
  @IsText(LONGEST.name)
  namespace?: string;
}
