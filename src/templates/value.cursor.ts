import type { JsonValue } from './json.types.js';
import type { LocatedValue, Position } from './located-value.types.js';
import type { ProblemLog } from './problem.log.js';
import { formatPath, type PathSegment } from './value-path.format.js';

/** Turns the value under a cursor into a `T`. It never throws: what is wrong is reported, and any `T` stands in for it. */
export type Reader<T> = (cursor: Cursor) => T;

/** A value, the path to it from the root, and the log that takes what is wrong with it. */
export class Cursor {
  private constructor(
    readonly value: LocatedValue,
    private readonly log: ProblemLog,
    private readonly parent: Cursor | null,
    private readonly segment: PathSegment | null,
  ) {}

  static atRoot(value: LocatedValue, log: ProblemLog): Cursor {
    return new Cursor(value, log, null, null);
  }

  /** @param segment the key or index, as messages are to show it */
  child(segment: PathSegment, value: LocatedValue): Cursor {
    return new Cursor(value, this.log, this, segment);
  }

  /** The value at `segments` below, or the nearest one above it that exists. Keys are taken as they are written. */
  descend(segments: readonly PathSegment[]): Cursor {
    const [segment, ...below] = segments;
    const next = segment === undefined ? undefined : childValue(this.value, segment);
    return segment === undefined || next === undefined ? this : this.child(segment, next).descend(below);
  }

  report(message: string, position: Position = this.value.position): void {
    this.log.report(position, this.path, message);
  }

  /** See `ProblemLog.reportUnknownKey`. */
  reportUnknownKey(message: string, position: Position = this.value.position): void {
    this.log.reportUnknownKey(position, this.path, message);
  }

  get ignoresUnknownKeys(): boolean {
    return this.log.ignoresUnknownKeys;
  }

  /** See `ProblemLog.isFull`. */
  get isLogFull(): boolean {
    return this.log.isFull;
  }

  /** The position in the list that this is an item of; 0 elsewhere. */
  get index(): number {
    return typeof this.segment === 'number' ? this.segment : 0;
  }

  get path(): string {
    return formatPath(this.segments());
  }

  private segments(): readonly PathSegment[] {
    const above = this.parent?.segments() ?? [];
    return this.segment === null ? above : [...above, this.segment];
  }
}

function childValue(value: LocatedValue, segment: PathSegment): LocatedValue | undefined {
  if (value.kind === 'list') return value.items[Number(segment)];
  if (value.kind === 'map') return value.entries.find((entry) => entry.key === String(segment))?.value;
  return undefined;
}

/** The value without its places. Objects keep a key such as `__proto__` as plain data. */
export function plainJson(value: LocatedValue): JsonValue {
  if (value.kind === 'scalar') return value.value;
  if (value.kind === 'list') return value.items.map(plainJson);
  if (value.kind === 'map') {
    return Object.fromEntries(value.entries.map((entry) => [entry.key, plainJson(entry.value)]));
  }
  return null;
}
