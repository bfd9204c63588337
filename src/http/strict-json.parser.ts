import type { JsonObject, JsonValue } from '../engine/index.js';
import { InvalidRequestError, MalformedJsonError } from './api.errors.js';
import { findNumberFault } from './json-number.rule.js';
import { formatPath, type PathSegment } from './value-path.format.js';

/** How deep objects and arrays may be nested, the outermost counted. */
export const MAX_DEPTH = 32;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
const FIRST_PRINTABLE = 0x20;

/**
 * The value of a JSON text, or an error that names the place. Unlike `JSON.parse` it lets nothing through that would be
 * stored as something else than was sent: duplicate keys, numbers that lose digits, NUL characters and lone surrogates
 * (PostgreSQL keeps neither), `__proto__` keys, and nesting that is deeper than anybody means.
 *
 * @throws MalformedJsonError if the text is not JSON.
 * @throws InvalidRequestError if it is, but holds one of the above.
 */
export function parseStrictJson(text: string): JsonValue {
  return new StrictJsonParser(text).parse();
}

/** Recursive descent; `MAX_DEPTH` bounds the recursion. */
class StrictJsonParser {
  private position = 0;
  /** Where the value being read is; its length is the depth of nesting. */
  private readonly path: PathSegment[] = [];

  constructor(private readonly text: string) {}

  parse(): JsonValue {
    const value = this.readValue();
    if (this.peek() !== undefined) throw this.malformed('the end');
    return value;
  }

  private readValue(): JsonValue {
    switch (this.peek()) {
      case '{':
        return this.readObject();
      case '[':
        return this.readArray();
      case '"':
        return this.readString();
      case 't':
        return this.readWord('true', true);
      case 'f':
        return this.readWord('false', false);
      case 'n':
        return this.readWord('null', null);
      case undefined:
        throw this.malformed('a value');
      default:
        return this.readNumber();
    }
  }

  private readObject(): JsonObject {
    this.refuseDepth();
    this.position++;
    const object: Record<string, JsonValue> = {};
    if (this.skip('}')) return object;
    do {
      if (this.peek() !== '"') throw this.malformed('a key in double quotes');
      const key = this.readLiteral();
      this.path.push(key);
      this.refuseUnstorable(key);
      // No parser down the road is trusted with such a key: an assignment would set a prototype.
      if (key === '__proto__') throw this.refused('is not allowed as a key');
      if (Object.hasOwn(object, key)) throw this.refused('is given more than once');
      this.expect(':');
      object[key] = this.readValue();
      this.path.pop();
    } while (this.skip(','));
    this.expect('}', '"," or "}"');
    return object;
  }

  private readArray(): readonly JsonValue[] {
    this.refuseDepth();
    this.position++;
    const array: JsonValue[] = [];
    if (this.skip(']')) return array;
    do {
      this.path.push(array.length);
      array.push(this.readValue());
      this.path.pop();
    } while (this.skip(','));
    this.expect(']', '"," or "]"');
    return array;
  }

  private readString(): string {
    const value = this.readLiteral();
    this.refuseUnstorable(value);
    return value;
  }

  /** Reads the string literal that begins here. */
  private readLiteral(): string {
    const start = this.position++;
    for (let char = this.text[this.position]; char !== '"'; char = this.text[this.position]) {
      if (char === '\\') this.skipEscape();
      else if (char === undefined || char.charCodeAt(0) < FIRST_PRINTABLE) {
        throw this.malformed('a closing double quote (control characters must be escaped)');
      } else this.position++;
    }
    this.position++;
    return unescape(this.text.slice(start, this.position));
  }

  private skipEscape(): void {
    if (this.match(ESCAPE) === '') throw this.malformed('an escape such as \\n, \\" or \\u0041');
  }

  private readWord<T extends JsonValue>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.position)) throw this.malformed('a value');
    this.position += word.length;
    return value;
  }

  private readNumber(): number {
    const literal = this.match(NUMBER);
    if (literal === '') throw this.malformed('a value');
    const fault = findNumberFault(literal);
    if (fault !== null) throw this.refused(fault);
    return Number(literal);
  }

  /** The next character that is not white space, which it moves to; undefined at the end. */
  private peek(): string | undefined {
    let char = this.text[this.position];
    while (char === ' ' || char === '\n' || char === '\r' || char === '\t') {
      this.position++;
      char = this.text[this.position];
    }
    return char;
  }

  private skip(char: string): boolean {
    if (this.peek() !== char) return false;
    this.position++;
    return true;
  }

  private expect(char: string, expected = `"${char}"`): void {
    if (!this.skip(char)) throw this.malformed(expected);
  }

  private match(pattern: RegExp): string {
    const start = this.position;
    pattern.lastIndex = start;
    if (!pattern.test(this.text)) return '';
    this.position = pattern.lastIndex;
    return this.text.slice(start, this.position);
  }

  private refuseDepth(): void {
    if (this.path.length >= MAX_DEPTH) throw this.refused(`is nested deeper than ${MAX_DEPTH} levels`);
  }

  private refuseUnstorable(text: string): void {
    if (text.includes('\0')) throw this.refused('holds a NUL character, which cannot be stored');
    if (LONE_SURROGATE.test(text))
      throw this.refused('holds half of a surrogate pair, which is not a character');
  }

  private refused(message: string): InvalidRequestError {
    return new InvalidRequestError([{ path: formatPath(this.path), message }]);
  }

  private malformed(expected: string): MalformedJsonError {
    const codePoint = this.text.codePointAt(this.position);
    const found = codePoint === undefined ? 'the end' : JSON.stringify(String.fromCodePoint(codePoint));
    const lines = this.text.slice(0, this.position).split('\n');
    const place = `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1} (position ${this.position})`;
    return new MalformedJsonError(
      `The body is not valid JSON: expected ${expected}, found ${found} at ${place}`,
    );
  }
}

/** What a string literal means. It is known to be well-formed, so the built-in parser may have the escapes. */
function unescape(literal: string): string {
  return literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1);
}
