/**
 * Writes the figures of runs into docs/benchmarks.md, between its markers, and draws its charts:
 * `npm run bench:report -- bench.json peers.json scale.json`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';

import { format, resolveConfig } from 'prettier';

import { UsageError } from '../../src/cli/command-line.errors.js';
import { tellFailure } from '../failure.teller.js';
import type { Measurement } from '../measures/index.js';
import { drawBars } from './bar.chart.js';
import { chartsOf } from './charts.js';
import { Figures, parseFigures } from './figures.js';
import { figuresTable, goalsTable } from './markdown.tables.js';

const DOCUMENT = new URL('../../docs/benchmarks.md', import.meta.url);
const CHARTS = new URL('../../docs/benchmarks/', import.meta.url);
/** `goals`, or a pattern of workloads, perhaps an engine whose runs are meant, and what stands between the two comments. */
const MARKED = /<!-- figures: (.+?)(?: beside (.+?))? -->[^]*?<!-- end -->/g;

const figures = await readFigures(process.argv.slice(2)).catch((error: unknown) =>
  process.exit(tellFailure(error)),
);

const text = await readFile(DOCUMENT, 'utf8');
const filled = text.replaceAll(MARKED, (_, what: string, engine: string | undefined) => {
  const chosen = engine === undefined ? figures : figures.withEngine(engine);
  const table = what === 'goals' ? goalsTable(chosen) : figuresTable(chosen, new RegExp(what));
  const beside = engine === undefined ? '' : ` beside ${engine}`;
  return `<!-- figures: ${what}${beside} -->\n\n${table}\n\n<!-- end -->`;
});
const style = await resolveConfig(DOCUMENT);
await writeFile(DOCUMENT, await format(filled, { ...style, parser: 'markdown' }));

await mkdir(CHARTS, { recursive: true });
for (const { name, chart } of chartsOf(figures)) {
  await writeFile(new URL(`${name}.svg`, CHARTS), drawBars(chart));
}

async function readFigures(files: readonly string[]): Promise<Figures> {
  if (files.length === 0 || files.some((file) => file.startsWith('-')))
    throw new UsageError('give the JSON files of the runs: npm run bench:report -- bench.json …');
  return new Figures(await Promise.all(files.map(readRun)));
}

async function readRun(file: string): Promise<readonly Measurement[]> {
  try {
    return parseFigures(await readFile(file, 'utf8'), file);
  } catch (error) {
    throw new UsageError(`can't read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
