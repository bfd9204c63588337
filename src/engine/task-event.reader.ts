import { Injectable } from '@nestjs/common';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';

/** What was recorded of a task, or of one of its steps, as `tasker.read_task_events` tells it. */
export interface RecordedTaskEvent {
  readonly event_id: string;
  readonly kind: number;
  readonly recorded_at: string;
  readonly step_index: number | null;
  readonly step_name: string | null;
  readonly attempt: number | null;
  readonly retry_delay_ms: number | null;
  readonly from_status: number | null;
  readonly to_status: number | null;
  readonly detail: {
    readonly message: string | null;
    readonly error_code: string | null;
    readonly retryable: boolean | null;
    readonly by: string | null;
    readonly reason: string | null;
    readonly from_state: string | null;
    readonly exceeded_limit: string | null;
  } | null;
}

/** An attempt that is under way. */
export interface RunningStep {
  readonly step_index: number;
  readonly step_name: string;
  readonly attempt: number;
  readonly started_at: string;
}

/** How far somebody who follows a task has read. */
export interface TaskEventCursor {
  readonly taskUuid: string;
  /** The last event read, '0' for none. */
  readonly after: string;
}

/** What came since. */
export interface TaskEventPage {
  /** Whether the cursor is at an event of its task. */
  readonly known: boolean;
  /** The task's stored status: 0 active, 1 blocked, and from 2 on it has ended. */
  readonly status: number;
  readonly more: boolean;
  readonly events: readonly RecordedTaskEvent[];
  readonly running: readonly RunningStep[];
}

interface PageRow {
  readonly ordinal: number;
  readonly known: boolean;
  readonly status: number;
  readonly more: boolean;
  readonly events: readonly RecordedTaskEvent[] | null;
  readonly running: readonly RunningStep[] | null;
}

/** The most that one reader is told of at once, and, of many readers, about the most for all: an event can have 50 KB. */
const LIMIT = 100;
const LIMIT_OF_ALL = 1_000;
const LEAST = 5;

const READ: Statement = {
  name: 'tasker_read_task_events',
  text: 'SELECT * FROM tasker.read_task_events($1, $2, $3, $4)',
};

/** Reads what has happened to tasks, for all who follow some in one statement. */
@Injectable()
export class TaskEventReader {
  constructor(private readonly database: Database) {}

  /** A page a cursor, in order; undefined where the task does not exist. */
  async read(cursors: readonly TaskEventCursor[]): Promise<readonly (TaskEventPage | undefined)[]> {
    const rows = await this.database.query<PageRow>(READ, [
      cursors.map(({ taskUuid }) => taskUuid),
      cursors.map(({ after }) => after),
      Math.max(LEAST, Math.min(LIMIT, Math.floor(LIMIT_OF_ALL / cursors.length))),
      LIMIT,
    ]);
    const pages = new Map(
      rows.map(({ ordinal, events, running, ...row }) => [
        ordinal,
        { ...row, events: events ?? [], running: running ?? [] },
      ]),
    );
    return cursors.map((_, place) => pages.get(place + 1));
  }
}
