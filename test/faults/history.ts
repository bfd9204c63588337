import { appendFileSync, readFileSync } from 'node:fs';

/** What a handler says of itself, one line each: it knows nothing of what the engine records. */
export interface HistoryLine {
  readonly event: 'start' | 'end';
  readonly pid: number;
  readonly taskUuid: string;
  readonly step: string;
  /** The token of the claim that the handler was called for. */
  readonly token: string;
  readonly attempt: number;
  readonly lostCount: number;
  /** What tells this run of the handler from any other; a part of the result that it gives. */
  readonly nonce: string;
  /** With `end`: whether it answered or threw. */
  readonly outcome?: 'returned' | 'threw';
}

/**
 * The handlers' own history: a file that all processes append to. It survives whatever happens to the database, and what
 * a process has written is there when the process is killed a moment later.
 */
export class History {
  constructor(readonly file: string) {}

  append(line: HistoryLine): void {
    appendFileSync(this.file, `${JSON.stringify(line)}\n`);
  }

  read(): readonly HistoryLine[] {
    return readFileSync(this.file, { encoding: 'utf8', flag: 'a+' })
      .split('\n')
      .filter((line) => line !== '')
      .map((line): HistoryLine => JSON.parse(line));
  }
}
