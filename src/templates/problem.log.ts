import type { Position } from './located-value.types.js';
import type { TemplateProblem } from './template.errors.js';

// Enough for every honest file; keeps a hostile one from filling memory and log.
const MOST_PROBLEMS = 1000;

/** Collects what is wrong with one file, so that all of it is told at once. */
export class ProblemLog {
  private readonly entries: TemplateProblem[] = [];
  private readonly unknownKeys: TemplateProblem[] = [];
  private unlisted = 0;

  /** @param ignoresUnknownKeys a key that no reader knows is told apart, and is no problem */
  constructor(
    readonly file: string,
    readonly ignoresUnknownKeys = false,
  ) {}

  /** True once further problems would be dropped: callers may stop looking for more. */
  get isFull(): boolean {
    return this.entries.length >= MOST_PROBLEMS;
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  report(position: Position, path: string, message: string): void {
    if (this.isFull) return;
    this.entries.push(this.entry(position, path, message));
  }

  /** A problem, unless unknown keys are ignored. */
  reportUnknownKey(position: Position, path: string, message: string): void {
    if (!this.ignoresUnknownKeys) this.report(position, path, message);
    else if (this.unknownKeys.length >= MOST_PROBLEMS) this.unlisted += 1;
    else this.unknownKeys.push(this.entry(position, path, `ignored: ${message}`));
  }

  /** In the order of the text. */
  problems(): readonly TemplateProblem[] {
    return this.entries.toSorted(byPlace);
  }

  /** The keys that were ignored, in the order of the text; of very many the rest is counted. */
  ignoredKeys(): readonly TemplateProblem[] {
    const listed = this.unknownKeys.toSorted(byPlace);
    if (this.unlisted === 0) return listed;
    return [...listed, this.entry({ line: 1, column: 1 }, '', `ignored: ${this.unlisted} more unknown keys`)];
  }

  private entry({ line, column }: Position, path: string, message: string): TemplateProblem {
    return { file: this.file, line, column, path, message };
  }
}

function byPlace(left: TemplateProblem, right: TemplateProblem): number {
  return left.line - right.line || left.column - right.column;
}
