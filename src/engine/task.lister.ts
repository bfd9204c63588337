import { Injectable } from '@nestjs/common';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import { TaskReader } from './task.reader.js';
import type { TaskStatus } from './states.js';
import type { Task } from './task.types.js';

/** Which tasks a list is about; what is left out filters nothing. */
export interface TaskFilter {
  readonly namespace?: string;
  readonly status?: TaskStatus;
  readonly initiator?: string;
  readonly sourceSystem?: string;
}

/** A place between two tasks of a list, newest first. It stays where it is when others come or go. */
export interface TaskPlace {
  /** As the database writes it, to the microsecond. */
  readonly createdAt: string;
  readonly taskUuid: string;
}

/** A page of tasks, without their steps. */
export interface TaskPage {
  readonly tasks: readonly Task[];
  /** Where the next page begins; null: there is none. */
  readonly next: TaskPlace | null;
}

export interface TaskCount {
  readonly total: number;
  /** The total is exact up to 10,000 and an estimate from there on. */
  readonly estimated: boolean;
}

const EXACT_TO = 10_000;

const LIST: Statement = {
  name: 'tasker_list_tasks',
  text: 'SELECT task_uuid, created_at FROM tasker.list_tasks($1, $2, $3, $4, $5, $6, $7, $8)',
};
const COUNT: Statement = {
  name: 'tasker_count_tasks',
  text: 'SELECT total, estimated FROM tasker.count_tasks($1, $2, $3, $4, $5)',
};

/** Lists tasks, newest first. */
@Injectable()
export class TaskLister {
  constructor(
    private readonly database: Database,
    private readonly reader: TaskReader,
  ) {}

  /**
   * At most `limit` tasks behind a place, or, from the newest on, past `offset` of them. Their contexts are read up to 4 MiB, the
   * smallest first; a task whose context is missing has `contextOmitted`. With `contexts: false` none is read.
   */
  async list(
    filter: TaskFilter,
    {
      after,
      offset = 0,
      limit,
      contexts = true,
    }: {
      readonly after?: TaskPlace;
      readonly offset?: number;
      readonly limit: number;
      readonly contexts?: boolean;
    },
  ): Promise<TaskPage> {
    const place = [after?.createdAt ?? null, after?.taskUuid ?? null];
    const rows = await this.database.query<{ task_uuid: string; created_at: string }>(LIST, [
      ...columns(filter),
      ...place,
      offset,
      limit + 1,
    ]);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      tasks: await this.reader.readMany(
        page.map((row) => row.task_uuid),
        { contexts },
      ),
      next: rows.length > limit && last ? { createdAt: last.created_at, taskUuid: last.task_uuid } : null,
    };
  }

  async count(filter: TaskFilter): Promise<TaskCount> {
    const [row] = await this.database.query<{ total: string; estimated: boolean }>(COUNT, [
      ...columns(filter),
      EXACT_TO,
    ]);
    return { total: Number(row?.total ?? 0), estimated: row?.estimated ?? false };
  }
}

function columns({ namespace, status, initiator, sourceSystem }: TaskFilter): readonly (string | null)[] {
  return [namespace ?? null, status ?? null, initiator ?? null, sourceSystem ?? null];
}
