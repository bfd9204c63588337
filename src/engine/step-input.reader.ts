import { Injectable } from '@nestjs/common';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import type { AttemptKey } from './claim.types.js';
import { CLAIM_TYPES } from './claim-answer.reader.js';

/** Why an input is not given: what it would have had, in bytes. */
export interface InputExcess {
  /** Of context and results together. */
  readonly bytes: number;
  readonly context_bytes: number;
  /** How many parents have a result. */
  readonly parents: number;
  /** The largest results, at most ten. */
  readonly largest: readonly { readonly name: string; readonly bytes: number }[];
}

/** The input of a claimed step as JSON texts, or why there is none. */
export interface InputAnswer {
  readonly contextJson: string;
  readonly resultsJson: string;
  readonly excess: InputExcess | null;
}

interface InputRow {
  readonly context: string | null;
  readonly inputs: string | null;
  readonly excess: string | null;
}

const READ: Statement = {
  name: 'tasker_read_step_input',
  text: 'SELECT * FROM tasker.read_step_input($1, $2, $3, $4)',
  types: CLAIM_TYPES,
};
const EMPTY = '{}';

/**
 * Reads the inputs that were too large to come with their claims. One at a time: a process that is given many of them holds
 * no more than one on its way.
 */
@Injectable()
export class StepInputReader {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly database: Database) {}

  /** Null where the attempt no longer holds its step. Of an input of more than `maxBytes` only its sizes are read. */
  read(attempt: AttemptKey, maxBytes: number): Promise<InputAnswer | null> {
    const reading = this.last.then(() => this.readNow(attempt, maxBytes));
    // The caller is told of a failure; the next one has its turn all the same.
    this.last = reading.catch(() => undefined);
    return reading;
  }

  private async readNow(
    { taskUuid, stepIndex, token }: AttemptKey,
    maxBytes: number,
  ): Promise<InputAnswer | null> {
    const values = [taskUuid, stepIndex, token, maxBytes];
    const [row] = await this.database.query<InputRow>(READ, values);
    if (row === undefined) return null;
    const excess: InputExcess | null = row.excess === null ? null : JSON.parse(row.excess);
    return { contextJson: row.context ?? EMPTY, resultsJson: row.inputs ?? EMPTY, excess };
  }
}
