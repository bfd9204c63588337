import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { loadSettings, SETTINGS } from './settings.loader.js';

const LINES = readFileSync('.env.example', 'utf8').split('\n');
const EXAMPLE = new Map(
  LINES.flatMap((line) => {
    const [, name, value] = /^#?([A-Z_]+)=(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  }),
);

/** Which process it is differs from one to the next, so there is nothing to write down. */
const MADE_AT_START = 'TASKER_WORKER_ID';

describe('.env.example', () => {
  it('names exactly the settings that there are', () => {
    expect([...EXAMPLE.keys()].toSorted()).toEqual(SETTINGS.map(({ variable }) => variable).toSorted());
  });

  it('shows their true defaults', () => {
    const defaults = new Map(
      Object.values(loadSettings({})).flatMap((concern: object) => Object.entries(concern)),
    );
    const expected = SETTINGS.map(({ field, variable }) => [
      variable,
      variable === MADE_AT_START ? '' : asText(defaults.get(field)),
    ]);
    expect(Object.fromEntries(EXAMPLE)).toEqual(Object.fromEntries(expected));
  });

  it('is a file that the service starts with', () => {
    expect(() => loadSettings(Object.fromEntries(EXAMPLE))).not.toThrow();
  });

  it('says something about each of them', () => {
    for (const [index, line] of LINES.entries()) {
      if (line.includes('=') && EXAMPLE.has(line.slice(1).split('=')[0] ?? '')) {
        expect(LINES[index - 1]).toMatch(/^# \w.+\.$/);
      }
    }
  });
});

/** `| variable | in code | default | …`, each of the three in backticks or left out. */
const ROW = /^\| `([A-Z_]+)`\s*\| `(\w+)`\s*\| (?:`([^`]*)`)?\s*\|/gm;

describe('docs/settings.md', () => {
  const rows = [...readFileSync('docs/settings.md', 'utf8').matchAll(ROW)];

  it('names exactly the settings that there are, as the environment and as code call them', () => {
    const documented = rows.map(([, variable, field]) => `${variable} ${field}`);
    expect(documented.toSorted()).toEqual(
      SETTINGS.map(({ variable, field }) => `${variable} ${field}`).toSorted(),
    );
  });

  it('shows the defaults of .env.example', () => {
    const defaults = rows.map(([, variable = '', , value = '']) => [variable, value] as const);
    expect(Object.fromEntries(defaults)).toEqual(Object.fromEntries(EXAMPLE));
  });
});

function asText(value: unknown): string {
  if (Array.isArray(value)) return value.join(delimiter);
  if (typeof value === 'number' || typeof value === 'boolean') return value.toString();
  return typeof value === 'string' ? value : '';
}
