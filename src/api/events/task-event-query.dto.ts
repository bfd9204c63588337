import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';

import { IsText } from '../../http/index.js';

/** Of an event's id; it is checked further where it is read. */
const LONGEST_ID = 255;

export class TaskEventQueryDto {
  @ApiPropertyOptional({
    description: 'As the header Last-Event-ID, for clients that can’t send one',
    example: '42',
  })
  @IsOptional()
  @IsText(LONGEST_ID)
  last_event_id?: string;
}
