import { isAlias, isMap, isScalar, isSeq, type Alias, type LineCounter, type Pair, type Scalar } from 'yaml';
import type {
  LocatedEntry,
  LocatedInvalid,
  LocatedScalar,
  LocatedValue,
  Position,
} from './located-value.types.js';
import type { ProblemLog } from './problem.log.js';
import { formatPath, type PathSegment } from './value-path.format.js';

/** Levels of maps and lists in one template. */
export const DEEPEST = 100;
const LONGEST_KEY = 255;
// Counted with every alias written out, so that nested aliases can't blow a small file up.
const MOST_VALUES = 100_000;
const MOST_CHARACTERS = 4 * 1024 * 1024;

const CORE_TAG = /^(!|tag:yaml\.org,2002:(map|seq|str|int|float|bool|null))$/;

/** A value that an anchor names, with its size when written out. */
interface Anchored {
  readonly value: LocatedValue;
  readonly values: number;
  readonly characters: number;
}

/**
 * Turns YAML nodes into located JSON, and reports what JSON or PostgreSQL could not hold without loss: tags, keys that are
 * no strings, numbers that lose digits, NUL. An alias shares the value of its anchor, so the work is linear in the text.
 */
export class YamlNodeLocator {
  private readonly path: PathSegment[] = [];
  private readonly anchors = new Map<string, Anchored | 'open'>();
  private values = 0;
  private characters = 0;

  constructor(
    private readonly lines: LineCounter,
    private readonly log: ProblemLog,
  ) {}

  /** @returns `null` when the data is too large to be looked into; that is in the log then */
  locate(root: unknown): LocatedValue | null {
    const value = this.value(root, 0);
    if (this.values <= MOST_VALUES && this.characters <= MOST_CHARACTERS) return value;
    this.log.report(
      value.position,
      '',
      `the file holds too much: at most ${MOST_VALUES} values and ${MOST_CHARACTERS} characters, aliases written out`,
    );
    return null;
  }

  private value(node: unknown, parentOffset: number): LocatedValue {
    const offset = offsetOf(node, parentOffset);
    const position = this.positionOf(offset);
    if (this.path.length > DEEPEST) return this.invalid(position, `nested more than ${DEEPEST} levels deep`);
    if (isAlias(node)) return this.alias(node, position);

    const before = { values: this.values, characters: this.characters };
    const anchor = anchorOf(node);
    if (anchor !== null) this.anchors.set(anchor, 'open');
    this.values += 1;
    const value = this.untagged(node, offset, position);
    if (anchor !== null) {
      const values = this.values - before.values;
      this.anchors.set(anchor, { value, values, characters: this.characters - before.characters });
    }
    return value;
  }

  private alias(node: Alias, position: Position): LocatedValue {
    const anchored = this.anchors.get(node.source);
    if (anchored === undefined)
      return this.invalid(position, `no anchor &${node.source} stands before this alias`);
    if (anchored === 'open') return this.invalid(position, `the alias *${node.source} contains itself`);
    this.values += anchored.values;
    this.characters += anchored.characters;
    return anchored.value;
  }

  private untagged(node: unknown, offset: number, position: Position): LocatedValue {
    const tag = tagOf(node);
    if (tag !== null && !CORE_TAG.test(tag)) {
      return this.invalid(position, `the YAML tag ${tag} is not supported; write plain data`);
    }
    if (isMap(node)) return { kind: 'map', entries: this.entries(node.items, offset), position };
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.below(index, () => this.value(item, offset)));
      return { kind: 'list', items, position };
    }
    if (isScalar(node)) return this.scalar(node, position);
    return { kind: 'scalar', value: null, source: 'null', position };
  }

  private entries(pairs: readonly Pair[], offset: number): readonly LocatedEntry[] {
    const entries = new Map<string, LocatedEntry>();
    for (const pair of pairs) {
      const keyOffset = offsetOf(pair.key, offset);
      const position = this.positionOf(keyOffset);
      const key = this.key(pair.key, position);
      if (key === null) continue;
      this.characters += key.length;
      this.below(withoutColon(key), () => {
        const value = this.value(pair.value, keyOffset);
        const first = entries.get(key);
        if (first === undefined) entries.set(key, { key, position, value });
        else
          this.report(
            position,
            `the key ${JSON.stringify(key)} is given twice, first in line ${first.position.line}`,
          );
      });
    }
    return [...entries.values()];
  }

  private key(node: unknown, position: Position): string | null {
    if (!isScalar(node) || typeof node.value !== 'string' || !CORE_TAG.test(node.tag ?? '!')) {
      this.report(position, 'keys must be plain strings; quote the key');
      return null;
    }
    if (node.value === '<<' && node.type === 'PLAIN') {
      this.report(position, 'YAML merge keys (<<) are not supported; write the keys out');
      return null;
    }
    const problem =
      node.value.length > LONGEST_KEY
        ? `a key is at most ${LONGEST_KEY} characters`
        : textProblem(node.value);
    if (problem !== null) this.report(position, problem);
    return problem === null ? node.value : null;
  }

  private scalar(node: Scalar, position: Position): LocatedScalar | LocatedInvalid {
    const { value } = node;
    const source = node.source ?? String(value);
    if (value === null || typeof value === 'boolean') return { kind: 'scalar', value, source, position };
    if (typeof value === 'string') {
      const problem = textProblem(value);
      this.characters += value.length;
      return problem === null ? { kind: 'scalar', value, source, position } : this.invalid(position, problem);
    }
    const number = Number(value);
    if (!Number.isFinite(number)) return this.invalid(position, `JSON has no number ${source}; quote it`);
    if (Number.isInteger(number) && !Number.isSafeInteger(number)) {
      return this.invalid(position, `${source} is beyond ±(2^53 - 1) and would lose digits; quote it`);
    }
    // JSON has no -0 either: PostgreSQL would give back 0.
    return { kind: 'scalar', value: number === 0 ? 0 : number, source, position };
  }

  private below<T>(segment: PathSegment, work: () => T): T {
    this.path.push(segment);
    const result = work();
    this.path.pop();
    return result;
  }

  private invalid(position: Position, message: string): LocatedInvalid {
    this.report(position, message);
    return { kind: 'invalid', position };
  }

  private report(position: Position, message: string): void {
    this.log.report(position, formatPath(this.path), message);
  }

  private positionOf(offset: number): Position {
    const { line, col } = this.lines.linePos(offset);
    return { line, column: col };
  }
}

/** `:name` is a Ruby symbol's spelling of `name`. */
export function withoutColon(key: string): string {
  return key.length > 1 && key.startsWith(':') ? key.slice(1) : key;
}

/** PostgreSQL's `text` and `jsonb` hold neither. */
function textProblem(text: string): string | null {
  if (text.includes('\0')) return 'holds a NUL character, which PostgreSQL cannot store';
  if (/\p{Surrogate}/u.test(text)) return 'holds half of a surrogate pair, which is no character';
  return null;
}

// The library leaves the range off where a value is left out (`key:` in a flow map).
function offsetOf(node: unknown, fallback: number): number {
  const range = isAlias(node) || isMap(node) || isSeq(node) || isScalar(node) ? node.range : null;
  return range?.[0] ?? fallback;
}

function tagOf(node: unknown): string | null {
  return isMap(node) || isSeq(node) || isScalar(node) ? (node.tag ?? null) : null;
}

function anchorOf(node: unknown): string | null {
  return isMap(node) || isSeq(node) || isScalar(node) ? (node.anchor ?? null) : null;
}
