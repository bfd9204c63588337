import { RE2JS } from 're2js';

/** Steps that one match may take, as characters times the size of the compiled pattern: about 50 ms. */
const MOST_STEPS = 50_000_000;

// What JavaScript means by \s and by the full stop; RE2 means less by the first and more by the second.
const SPACES =
  '\\t\\n\\x0b\\x0c\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';
const NO_SPACES =
  '\\x00-\\x08\\x0e-\\x1f!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}' +
  '\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}';
const NO_LINE_END = '[^\\n\\r\\x{2028}\\x{2029}]';

/** One token of a pattern that JavaScript has accepted under its flag `u`. */
const TOKEN =
  /\\u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})|\\u\{([\da-fA-F]+)\}|\\u([\da-fA-F]{4})|\\c([A-Za-z])|\\([pP])\{(?:Script|sc|General_Category|gc)=(\w+)\}|\\k<[^>]*>|\\[\s\S]|\(\?<?[=!]|\(\?<|\[\^?\]|\[\^?|[\s\S]/gu;

/** A pattern that can't be matched in linear time: it looks around, refers back, or repeats too often. */
export class UnboundedPatternError extends Error {
  constructor(reason: string) {
    super(`can't be matched in linear time: ${reason}`);
    this.name = UnboundedPatternError.name;
  }
}

/**
 * A JavaScript regular expression (flag `u`) whose matching takes time in proportion to the text, whatever pattern and text
 * are: RE2's engine does it. Groups are not captured.
 */
export class LinearPattern {
  private readonly compiled: RE2JS;
  private readonly size: number;

  /**
   * @throws SyntaxError if it is no regular expression
   * @throws UnboundedPatternError if it needs backtracking
   */
  constructor(
    private readonly source: string,
    flags = '',
  ) {
    void new RegExp(source, 'u');
    try {
      this.compiled = RE2JS.compile(translate(source), flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0);
    } catch (error) {
      if (error instanceof UnboundedPatternError) throw error;
      throw new UnboundedPatternError(error instanceof Error ? error.message : String(error));
    }
    this.size = this.compiled.programSize();
  }

  /** @throws TextTooLongError if the text is so long that matching it would hold up everything else */
  test(text: string): boolean {
    if (text.length * this.size > MOST_STEPS) throw new TextTooLongError();
    return this.compiled.test(text);
  }

  /** Under this name ajv keeps it, once for each source. */
  toString(): string {
    return `/${this.source}/u`;
  }
}

/** A text is too long for its pattern. */
export class TextTooLongError extends Error {}

function translate(source: string): string {
  let inClass = false;
  return source.replaceAll(
    TOKEN,
    (token: string, high?: string, low?: string, braced?: string, plain?: string, ...rest: unknown[]) => {
      const [control, letter, property] = rest;
      if (high !== undefined && low !== undefined) return codePoint(pairOf(high, low));
      if (braced !== undefined || plain !== undefined)
        return codePoint(Number.parseInt(braced ?? plain ?? '', 16));
      if (typeof control === 'string') return codePoint(control.charCodeAt(0) % 32);
      if (typeof property === 'string') return `\\${String(letter)}{${property}}`;
      if (!inClass) {
        inClass = token === '[' || token === '[^';
        return outsideClass(token);
      }
      // All of these may stand inside a class, where an opening bracket is a character.
      if (token.endsWith(']') && token !== '\\]') inClass = false;
      return insideClass(token);
    },
  );
}

function outsideClass(token: string): string {
  switch (token) {
    case '.':
      return NO_LINE_END;
    case '\\s':
      return `[${SPACES}]`;
    case '\\S':
      return `[${NO_SPACES}]`;
    case '\\0':
      return '\\x00';
    case '[]':
      return '[^\\x00-\\x{10ffff}]';
    case '[^]':
      return '[\\x00-\\x{10ffff}]';
    case '(?<':
      return '(?P<';
    default:
      if (/^\(\?<?[=!]$/.test(token)) throw new UnboundedPatternError(`it looks around with ${token}…)`);
      if (/^\\(?:[1-9]|k<)/.test(token)) throw new UnboundedPatternError(`it refers back with ${token}`);
      return token;
  }
}

function insideClass(token: string): string {
  switch (token) {
    case '\\s':
      return SPACES;
    case '\\S':
      return NO_SPACES;
    case '\\b':
      return '\\x08';
    case '\\0':
      return '\\x00';
    default:
      return token.replace(/^\[/, '\\[');
  }
}

function pairOf(high: string, low: string): number {
  return 0x10000 + (Number.parseInt(high, 16) - 0xd800) * 0x400 + (Number.parseInt(low, 16) - 0xdc00);
}

function codePoint(point: number): string {
  return `\\x{${point.toString(16)}}`;
}
