import type { Position } from './located-value.types.js';
import type { TemplateProblem } from './template.errors.js';

// Enough for every honest file; keeps a hostile one from filling memory and log.
const MOST_PROBLEMS = 1000;

/** Collects what is wrong with one file, so that all of it is told at once. */
export class ProblemLog {
  private readonly entries: TemplateProblem[] = [];

  constructor(readonly file: string) {}

  /** True once further problems would be dropped: callers may stop looking for more. */
  get isFull(): boolean {
    return this.entries.length >= MOST_PROBLEMS;
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  report(position: Position, path: string, message: string): void {
    if (this.isFull) return;
    this.entries.push({ file: this.file, line: position.line, column: position.column, path, message });
  }

  /** In the order of the text. */
  problems(): readonly TemplateProblem[] {
    return this.entries.toSorted((left, right) => left.line - right.line || left.column - right.column);
  }
}
