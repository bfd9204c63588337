import { statementWords } from './sql-statement.words.js';

/** What an SQL text that a handler runs in its step's transaction does to the transaction and to the session. */
export interface StatementUse {
  /** The first words of a statement that is the engine's to run, or null. */
  readonly forbidden: string | null;
  /** It changes settings or the role, under which the step's end could then not be recorded. */
  readonly changesSettings: boolean;
  /** It runs RESET ALL. */
  readonly resetsAll: boolean;
  /** It leaves a prepared statement, whose name the next user of the connection would find taken. */
  readonly prepares: boolean;
}

const NOTHING: StatementUse = { forbidden: null, changesSettings: false, resetsAll: false, prepares: false };

/** Most texts have none of these words, and are not looked at any further. */
const WORTH_READING =
  /\b(?:begin|start|commit|rollback|end|abort|prepare|deallocate|discard|set|reset|set_config)\b/i;
const CALLS_SET_CONFIG = /\bset_config\b/i;
/** Longer texts are read up to here, so that no handler holds up the others: 100,000 characters take some milliseconds. */
const LONGEST_READ = 100_000;

const TRANSACTION_CONTROL = new Set(['BEGIN', 'START', 'COMMIT', 'END', 'ABORT']);

export function statementUse(sql: string): StatementUse {
  if (!WORTH_READING.test(sql)) return NOTHING;
  const statements = statementWords(sql.slice(0, LONGEST_READ));
  return {
    forbidden: statements.find(isForbidden)?.slice(0, 2).join(' ') ?? null,
    changesSettings: CALLS_SET_CONFIG.test(sql) || statements.some(changesSettings),
    resetsAll: statements.some(([first, second]) => first === 'RESET' && second === 'ALL'),
    prepares: statements.some(([first, second]) => first === 'PREPARE' && second !== 'TRANSACTION'),
  };
}

function isForbidden(words: readonly string[]): boolean {
  const [first = '', second] = words;
  if (TRANSACTION_CONTROL.has(first)) return true;
  // ROLLBACK [WORK | TRANSACTION] TO a savepoint.
  if (first === 'ROLLBACK') return !words.includes('TO');
  if (first === 'PREPARE') return second === 'TRANSACTION';
  if (first === 'DISCARD') return second === 'ALL';
  // The driver's own prepared statements would go as well.
  if (first === 'DEALLOCATE') return words.includes('ALL');
  return false;
}

function changesSettings([first, second]: readonly string[]): boolean {
  if (first === 'RESET') return true;
  return first === 'SET' && second !== 'CONSTRAINTS' && second !== 'TRANSACTION';
}
