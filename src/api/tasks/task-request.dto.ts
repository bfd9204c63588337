import { IsOptional } from 'class-validator';

import type { JsonObject } from '../../engine/json.types.js';
import {
  IsIntegerFrom,
  IsJsonObject,
  IsText,
  IsTextList,
  IsTextOfLength,
  IsTimestamp,
  IsUuid,
} from '../../http/request.rules.js';

/** Tasker's `TaskRequest`. An optional field may be null as well as left out. */
export class TaskRequestDto {
  @IsText()
  name!: string;

  @IsText()
  namespace!: string;

  @IsText()
  version!: string;

  @IsJsonObject()
  context!: JsonObject;

  @IsOptional()
  @IsText()
  initiator?: string | null;

  @IsOptional()
  @IsText()
  source_system?: string | null;

  @IsOptional()
  @IsText()
  reason?: string | null;

  @IsOptional()
  @IsTextList()
  tags?: string[] | null;

  @IsOptional()
  @IsIntegerFrom(-100, 100)
  priority?: number | null;

  @IsOptional()
  @IsUuid()
  correlation_id?: string | null;

  @IsOptional()
  @IsUuid()
  parent_correlation_id?: string | null;

  @IsOptional()
  @IsTextOfLength(1, 255)
  idempotency_key?: string | null;

  /** Accepted because Tasker's clients send it; when a task was requested is the server's to say. */
  @IsOptional()
  @IsTimestamp()
  requested_at?: string | null;

  @IsOptional()
  @IsJsonObject()
  options?: JsonObject | null;

  @IsOptional()
  @IsIntegerFrom(1, 3600)
  claim_timeout_seconds?: number | null;
}
