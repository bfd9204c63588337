import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './packed-project.js';

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const LINK = /\]\((?!https?:)([^)\s#]*)(?:#([^)\s]*))?\)/g;

describe('The documents', () => {
  it.each(DOCUMENTS)('%s leads nowhere but to what is there', (document) => {
    const broken = linksOf(document).filter(({ path, anchor }) => !exists(path, anchor));
    expect(broken).toEqual([]);
  });

  it('are all found from the README', () => {
    const linked = new Set(linksOf('README.md').map(({ path }) => path));
    expect(DOCUMENTS.filter((document) => document !== 'README.md' && !linked.has(document))).toEqual([]);
  });
});

interface Link {
  /** From the project's root. */
  readonly path: string;
  readonly anchor: string | undefined;
}

function linksOf(document: string): readonly Link[] {
  return [...proseOf(document).matchAll(LINK)].map(([, path = '', anchor]) => ({
    path: path === '' ? document : relative(ROOT, join(ROOT, dirname(document), path)),
    anchor,
  }));
}

function exists(path: string, anchor: string | undefined): boolean {
  const found = statSync(join(ROOT, path), { throwIfNoEntry: false });
  if (found === undefined) return false;
  return anchor === undefined || (found.isFile() && anchorsOf(path).includes(anchor));
}

/** As GitHub makes them of headings. */
function anchorsOf(document: string): readonly string[] {
  return Array.from(proseOf(document).matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function proseOf(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');
}
