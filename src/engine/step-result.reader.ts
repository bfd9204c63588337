import { Injectable } from '@nestjs/common';
import { OwnContext } from '../context/index.js';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import type { JsonValue } from './json.types.js';

const READ: Statement = {
  name: 'tasker_read_step_results',
  text: 'SELECT ordinal, result, left_out FROM tasker.read_step_results($1, $2)',
};

/** One statement reads at most this many. */
const LARGEST_BATCH = 500;

interface ResultRow {
  readonly ordinal: number;
  readonly result: JsonValue;
  /** There was too much before it for one answer. */
  readonly left_out: boolean;
}

interface Wish {
  readonly taskUuid: string;
  readonly stepName: string;
  resolve(result: JsonValue | undefined): void;
  reject(error: unknown): void;
}

/**
 * Reads results of finished steps for the handlers of this process. What is asked for in one turn of the event loop, or
 * while a read is under way, is read together, about 8 MiB at a time.
 */
@Injectable()
export class StepResultReader {
  private wishes: Wish[] = [];
  private scheduled = false;
  private reading = false;
  private readonly ownContext = new OwnContext();

  constructor(private readonly database: Database) {}

  /** The result of a step of a task by name; undefined where it has not finished, or does not exist. */
  read(taskUuid: string, stepName: string): Promise<JsonValue | undefined> {
    return new Promise((resolve, reject) => {
      this.wishes.push({ taskUuid, stepName, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.scheduled || this.reading || this.wishes.length === 0) return;
    this.scheduled = true;
    this.ownContext.run(() =>
      setImmediate(() => {
        this.scheduled = false;
        void this.readNext();
      }),
    );
  }

  private async readNext(): Promise<void> {
    const wishes = this.wishes.splice(0, LARGEST_BATCH);
    this.reading = true;
    try {
      const rows = await this.database.query<ResultRow>(READ, [
        wishes.map(({ taskUuid }) => taskUuid),
        wishes.map(({ stepName }) => stepName),
      ]);
      const found = new Map(rows.map((row) => [row.ordinal, row]));
      // The next ones to be read: what was asked for first is answered first.
      const leftOut = wishes.filter((_, place) => found.get(place + 1)?.left_out === true);
      this.wishes.unshift(...leftOut);
      for (const [place, wish] of wishes.entries()) {
        const row = found.get(place + 1);
        if (row?.left_out !== true) wish.resolve(row?.result);
      }
    } catch (error) {
      for (const wish of wishes) wish.reject(error);
    }
    this.reading = false;
    this.schedule();
  }
}
