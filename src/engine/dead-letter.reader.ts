import { Injectable } from '@nestjs/common';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import type { Task } from './task.types.js';

/** A task that was ended because it went over a limit of its template's lifecycle, with `staleness_action: dlq`. */
export interface DeadLetter {
  /** The limit, such as `max_duration_minutes`. */
  readonly reason: string;
  /** `pending` until a person has looked at it. */
  readonly resolutionStatus: string;
}

interface DeadLetterRow {
  readonly dlq_reason: string;
  readonly resolution_status: string;
}

const READ_DEAD_LETTER: Statement = {
  name: 'tasker_read_dead_letter',
  text: 'SELECT dlq_reason, resolution_status FROM tasker.tasks_dlq WHERE task_uuid = $1',
};

/** Reads `tasker.tasks_dlq`. */
@Injectable()
export class DeadLetterReader {
  constructor(private readonly database: Database) {}

  /** The entry of this task; null if it has none. A task within its limits costs no statement. */
  async read({ taskUuid, exceededLimit, completedAt }: Task): Promise<DeadLetter | null> {
    if (exceededLimit === null || completedAt === null) return null;
    const [row] = await this.database.query<DeadLetterRow>(READ_DEAD_LETTER, [taskUuid]);
    return row === undefined ? null : { reason: row.dlq_reason, resolutionStatus: row.resolution_status };
  }
}
