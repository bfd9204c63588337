import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';

/** Which part of an audit to read. */
export class StepAuditQueryDto {
  @ApiPropertyOptional({
    pattern: '^\\d{1,18}$',
    description: 'Where the page before left off, as its header Link says',
    example: '42',
  })
  @IsOptional()
  @Matches(/^\d{1,18}$/, { message: 'must be the cursor that the header Link of another page names' })
  cursor?: string;
}
