import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';

import { IsText } from '../../http/index.js';

export class TaskEventQueryDto {
  @ApiPropertyOptional({
    description: 'As the header Last-Event-ID, for clients that can’t send one',
    example: '42',
  })
  @IsOptional()
  @IsText()
  last_event_id?: string;
}
