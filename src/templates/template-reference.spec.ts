import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { formatProblem, parseTemplate, TemplateError } from './index.js';
import { hash, problemsOf, TEMPLATE, withValue } from './template-text.fixture.js';
import {
  BACKOFFS,
  EVENT_CONDITIONS,
  EVENT_DELIVERY_MODES,
  IDENTITY_STRATEGIES,
  STALENESS_ACTIONS,
} from './template.types.js';

const REFERENCE = readFileSync('docs/templates.md', 'utf8');
const TABLE = /^\*\*(?:`(.+)`|Top level)\*\*\n\n((?:\|.*\n)+)/gm;
const EXAMPLE = /^```yaml(?: (same))?\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;

describe('docs/templates.md', () => {
  it('has every key that the format accepts, under its own path, and no other', () => {
    const accepted = acceptedKeys('');
    expect(accepted).toContain('environments.<name>.steps[].retry.limit');
    expect(documentedKeys().toSorted()).toEqual(accepted.toSorted());
  });

  it.each([BACKOFFS, EVENT_CONDITIONS, EVENT_DELIVERY_MODES, IDENTITY_STRATEGIES, STALENESS_ACTIONS])(
    'names the choices %s, %s, %s … in their order',
    (...choices) => {
      expect(REFERENCE).toContain(choices.map((choice) => `\`${choice}\``).join(', '));
    },
  );

  it.each(examples())('says of the example in line $line what is true of it', ({ yaml, said, same }) => {
    expect(problemsIn(yaml)).toBe(said);
    if (same !== null) expect(hash(yaml)).toBe(hash(same));
  });
});

interface Example {
  readonly line: number;
  readonly yaml: string;
  /** The problems that are shown below it; empty where none are. */
  readonly said: string;
  /** The example that says the same, for one that is marked so. */
  readonly same: string | null;
}

function examples(): readonly Example[] {
  const found = [...REFERENCE.matchAll(EXAMPLE)];
  return found.map(({ index, 1: mark, 2: yaml = '', 3: said = '' }, place) => ({
    line: REFERENCE.slice(0, index).split('\n').length,
    yaml: completed(yaml),
    said,
    same: mark === undefined ? null : (found[place - 1]?.[2] ?? ''),
  }));
}

/** An example of one part, with what every template needs behind it, so that its lines keep their numbers. */
function completed(yaml: string): string {
  const missing = Object.entries(TEMPLATE).filter(([key]) => !new RegExp(`^${key}:`, 'm').test(yaml));
  return yaml + missing.map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join('');
}

function problemsIn(yaml: string): string {
  try {
    parseTemplate(yaml, 'template.yaml');
    return '';
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error.problems.map((problem) => `${formatProblem(problem)}\n`).join('');
  }
}

/** The keys that a map of the format and the maps below it accept, by path; found by asking the readers. */
function acceptedKeys(map: string): readonly string[] {
  const asked = wordsOfTheReaders().map((word) => [word, map === '' ? word : `${map}.${word}`] as const);
  const all = Object.fromEntries(asked.map(([word]) => [word, null]));
  const refused = problemsWith(map, all).filter((problem) => problem.includes(': unknown key '));
  return asked
    .filter(([, path]) => !refused.some((problem) => problem.startsWith(`${path}: `)))
    .flatMap(([, path]) => {
      const below = [path, `${path}[0]`, `${path}.some`].find(isMap);
      return below === undefined
        ? [path.replaceAll('[0]', '[]').replaceAll('.some.', '.<name>.')]
        : acceptedKeys(below);
    });
}

/** Whether a map with known keys stands at the path: one that refuses an unknown key. */
function isMap(path: string): boolean {
  return problemsWith(path, { no_such_key: null }).some((problem) =>
    problem.startsWith(`${path}.no_such_key: unknown key `),
  );
}

function problemsWith(path: string, value: unknown): readonly string[] {
  return problemsOf(JSON.stringify(withValue(TEMPLATE, path === '' ? [] : path, value)));
}

/** Whatever could be a key: it stands in the readers' sources. */
function wordsOfTheReaders(): readonly string[] {
  const sources = readdirSync(import.meta.dirname).filter((name) => /^[^.]+(\.\w+)?\.ts$/.test(name));
  const text = sources.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('\n');
  return [...new Set(Array.from(text.matchAll(/'([a-z_]+)'/g), ([, word = '']) => word))];
}

/** The first column of each table; a map that has a table of its own counts by that. */
function documentedKeys(): readonly string[] {
  const keys = [...REFERENCE.matchAll(TABLE)].flatMap(([, map, table = '']) =>
    table
      .split('\n')
      .slice(2)
      .flatMap((row) => Array.from((row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g), ([, key = '']) => key))
      .map((key) => (map === undefined ? key : `${map}.${key}`)),
  );
  return keys.filter(
    (key) => !keys.some((other) => other.startsWith(`${key}.`) || other.startsWith(`${key}[`)),
  );
}
