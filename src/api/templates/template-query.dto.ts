import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';

import { IsText } from '../../http/index.js';

export class TemplateQueryDto {
  @ApiPropertyOptional({ description: 'Only templates of this namespace', example: 'linear_workflow' })
  @IsOptional()
  @IsText()
  namespace?: string;
}
