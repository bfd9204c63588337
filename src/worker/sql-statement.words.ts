/** As many words as `ROLLBACK TRANSACTION TO SAVEPOINT` has. */
const MOST_WORDS = 4;

/** One token of SQL. A block comment and a dollar-quoted text begin with theirs, and end further on. */
const TOKEN =
  /(?<blank>\s+|--[^\n\r]*)|(?<comment>\/\*)|(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(?<quoted>[eE]'(?:[^'\\]|\\.|'')*'?|'(?:[^']|'')*'?|"(?:[^"]|"")*"?)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<end>;)|(?<other>[^\s\w$'"/;-]+|.)/sy;
const COMMENT_EDGE = /\/\*|\*\//g;

/**
 * The words that each statement of an SQL text begins with, at most four, in upper case: `[['SELECT', 'A'], ['COMMIT']]` of
 * `select a; /* done *\/ commit`. Comments, quoted texts and bodies of functions are passed over as PostgreSQL does, while
 * `standard_conforming_strings` is on.
 */
export function statementWords(sql: string): readonly (readonly string[])[] {
  const statements: string[][] = [];
  let statement = new StatementBeginning();
  for (const token of tokens(sql)) {
    if (token === ';' && statement.mayEnd) {
      statements.push(statement.words);
      statement = new StatementBeginning();
    } else statement.add(token);
  }
  statements.push(statement.words);
  return statements.filter((words) => words.length > 0);
}

/** What is known of a statement that is being read. */
class StatementBeginning {
  readonly words: string[] = [];
  private complete = false;
  /** How many `BEGIN` and `CASE` are open in a body without quotes: `CREATE FUNCTION … BEGIN ATOMIC …; END`. */
  private depth = 0;

  get mayEnd(): boolean {
    return this.depth === 0;
  }

  /** @param token a word in upper case, or null for anything else */
  add(token: string | null): void {
    this.complete ||= token === null || token === ';' || this.words.length >= MOST_WORDS;
    if (token === null) return;
    if (!this.complete) this.words.push(token);
    if (this.words[0] !== 'CREATE') return;
    if (token === 'BEGIN' || (token === 'CASE' && this.depth > 0)) this.depth += 1;
    else if (token === 'END' && this.depth > 0) this.depth -= 1;
  }
}

/** Words in upper case, `;`, and null for any other token; blanks and comments are left out. */
function* tokens(sql: string): Generator<string | null> {
  for (let at = 0; at < sql.length;) {
    const { blank, comment, dollar, word, end, length } = tokenAt(sql, at);
    at += length;
    if (comment !== undefined) at = commentEnd(sql, at);
    else if (dollar !== undefined) {
      at = textEnd(sql, at, dollar);
      yield null;
    } else if (blank === undefined) yield word?.toUpperCase() ?? end ?? null;
  }
}

function tokenAt(
  sql: string,
  at: number,
): Partial<Record<'blank' | 'comment' | 'dollar' | 'word' | 'end', string>> & { readonly length: number } {
  TOKEN.lastIndex = at;
  const match = TOKEN.exec(sql);
  return { ...match?.groups, length: match?.[0].length ?? 1 };
}

/** The position behind a text that was opened by a dollar quote. */
function textEnd(sql: string, from: number, quote: string): number {
  const closing = sql.indexOf(quote, from);
  return closing < 0 ? sql.length : closing + quote.length;
}

/** The position behind a block comment; such comments nest. */
function commentEnd(sql: string, from: number): number {
  COMMENT_EDGE.lastIndex = from;
  for (let depth = 1; depth > 0;) {
    const edge = COMMENT_EDGE.exec(sql);
    if (edge === null) return sql.length;
    depth += edge[0] === '/*' ? 1 : -1;
  }
  return COMMENT_EDGE.lastIndex;
}
