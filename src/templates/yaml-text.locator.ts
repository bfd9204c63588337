import { Document, Lexer, LineCounter, parseDocument } from 'yaml';
import type { LocatedValue, Position } from './located-value.types.js';
import type { ProblemLog } from './problem.log.js';
import { DEEPEST, YamlNodeLocator } from './yaml-node.locator.js';

/** In bytes of UTF-8 in a file, in UTF-16 units of a text. */
export const LARGEST_TEMPLATE = 1024 * 1024;

// Keys, values, commas, blanks and the like: some ten for each of the values that a template may hold.
const MOST_PIECES = 1_000_000;

// The lexer's own marks between the pieces of the text; the next piece after SCALAR_MARK is a scalar, whatever it looks like.
const SCALAR_MARK = '\u001F';
const LEXER_MARKS = new Set(['\u0002', '\u0018', SCALAR_MARK]);

const START: Position = { line: 1, column: 1 };

/**
 * Parses YAML 1.2 (core schema), keeping to what JSON and PostgreSQL can hold. Aliases are followed, within a bound.
 *
 * @returns `null` when the text gives nothing to look into; why is in the log then
 */
export function locateYaml(text: string, log: ProblemLog): LocatedValue | null {
  if (text.length > LARGEST_TEMPLATE) {
    log.report(START, '', `the file is too large; a template is at most ${LARGEST_TEMPLATE} bytes`);
    return null;
  }
  const excess = structuralExcess(text);
  if (excess !== null) {
    log.report(excess.position, '', excess.message);
    return null;
  }
  const lines = new LineCounter();
  const document = parse(text, lines);
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    log.report({ line, column: col }, '', syntaxMessage(error.code, error.message));
    // The parser is recursive and reports its own overflow; what it says after that means nothing.
    if (isOverflow(error.message)) return null;
  }
  if (document.errors.length > 0) return null;
  if (document.contents === null) {
    log.report(
      START,
      '',
      'the file is empty; a template is a map with name, namespace_name, version and steps',
    );
    return null;
  }
  return new YamlNodeLocator(lines, log).locate(document.contents);
}

function parse(text: string, lines: LineCounter): Document.Parsed {
  return parseDocument(text, {
    version: '1.2',
    // Named, so that a `%YAML 1.1` directive can't turn `yes` into true or `010` into 8.
    schema: 'core',
    // The library's own check costs the square of a map's length; ours is in YamlNodeLocator.
    uniqueKeys: false,
    resolveKnownTags: false,
    prettyErrors: false,
    lineCounter: lines,
  });
}

/**
 * What no template has and would keep the parser busy for seconds: brackets without end, or far too many pieces. The lexer
 * tells within milliseconds.
 */
function structuralExcess(text: string): { readonly position: Position; readonly message: string } | null {
  let depth = 0;
  let offset = 0;
  let pieces = 0;
  let isScalarNext = false;
  for (const token of new Lexer().lex(text)) {
    pieces += 1;
    if (!isScalarNext && (token === '[' || token === '{')) depth += 1;
    if (!isScalarNext && (token === ']' || token === '}')) depth -= 1;
    const message = excessMessage(depth, pieces, token);
    if (message !== null) return { position: positionAt(text, offset), message };
    isScalarNext = token === SCALAR_MARK;
    if (!LEXER_MARKS.has(token)) offset += token.length;
  }
  return null;
}

function excessMessage(depth: number, pieces: number, token: string): string | null {
  if (depth < 0) return `not readable as YAML: unexpected ${token}`;
  if (depth > DEEPEST) return `nested more than ${DEEPEST} levels deep`;
  return pieces > MOST_PIECES ? 'the file holds too much for a template' : null;
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function isOverflow(message: string): boolean {
  return message.includes('call stack');
}

function syntaxMessage(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS')
    return 'one template a file: a second YAML document begins here; remove the "---"';
  return `not readable as YAML: ${isOverflow(message) ? 'nested too deeply' : message}`;
}
