import type { Violation } from './errors.js';
import { jsonProblem } from './json.check.js';

/**
 * The most characters of each text that a task or a manual action is stored with. Initiator and source system stand in an
 * index together, and a row of an index holds no more than 2,700 bytes.
 */
export const LONGEST = {
  name: 255,
  initiator: 255,
  sourceSystem: 255,
  reason: 10_000,
  tag: 255,
  idempotencyKey: 255,
  /** Of the person or program that acts by hand. */
  actor: 255,
} as const;

/** The most tags of a task. */
export const MOST_TAGS = 100;

/** What keeps a value from being stored as a text of at most `longest` characters. */
export function checkText(path: string, value: unknown, longest: number): readonly Violation[] {
  if (typeof value !== 'string' || value === '')
    return [{ path, message: 'expected a text that is not empty' }];
  const length = characters(value, longest);
  if (length > longest) return [{ path, message: `expected at most ${longest} characters, got ${length}` }];
  const problem = jsonProblem(value);
  return problem === null ? [] : [{ path, message: problem.message }];
}

/** What keeps the words of a manual action from being stored. */
export function checkManualAction(action: {
  readonly reason: unknown;
  readonly by: unknown;
}): readonly Violation[] {
  return [
    ...checkText('reason', action.reason, LONGEST.reason),
    ...checkText('by', action.by, LONGEST.actor),
  ];
}

/** The number of characters, a surrogate pair as one; exact only above `longest`, which is what the caller asks about. */
export function characters(text: string, longest: number): number {
  return text.length > longest ? Array.from(text).length : text.length;
}

/** The text as it can be stored: cut after `longest` UTF-16 units, and with a replacement for what PostgreSQL does not take. */
export function storableText(text: unknown, longest: number): string {
  return String(text).slice(0, longest).replaceAll('\0', '\u{FFFD}').toWellFormed();
}
