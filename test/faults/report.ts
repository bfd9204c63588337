import type { RunReport } from './runner.js';
import type { Figures, Scenario } from './scenario.js';

const MOST_VIOLATIONS = 10;

/** What is said of a run when it is over: a line, and why it failed where it did. */
export function describeRun({ number, name }: Scenario, report: RunReport): string {
  const figures = Object.entries(report.figures).map(([figure, value]) => `${figure} ${value}`);
  const outcome = report.passed ? 'ok    ' : 'FAILED';
  return [
    `${outcome} ${String(number).padStart(2)} seed ${report.seed}  ${name}  (${figures.join(', ')})`,
    ...report.violations
      .slice(0, MOST_VIOLATIONS)
      .map(({ invariant, what }) => `         ${invariant}: ${what}`),
    ...(report.passed
      ? []
      : [`         again: npm run faults -- --scenario ${number} --seed ${report.seed}`]),
  ].join('\n');
}

/** A row a scenario: how many of its seeds held, and the worst of each figure. */
export function table(scenarios: readonly Scenario[], reports: readonly RunReport[]): string {
  const rows = scenarios.flatMap((scenario) => {
    const its = reports.filter((report) => report.scenario === scenario.number);
    if (its.length === 0) return [];
    const passed = its.filter((report) => report.passed);
    return [
      [
        String(scenario.number),
        scenario.name,
        scenario.promise,
        `${passed.length}/${its.length}`,
        figuresOf(passed.map(({ figures }) => figures)),
      ],
    ];
  });
  return formatTable([
    ['#', 'fault', 'promise', 'held', 'figures (of several seeds: lowest … highest)'],
    ...rows,
  ]);
}

function figuresOf(all: readonly Figures[]): string {
  const names = [...new Set(all.flatMap((figures) => Object.keys(figures)))];
  return names
    .map((name) => {
      const values = all.flatMap((figures) => figures[name] ?? []);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      return `${name} ${low === high ? low : `${low} … ${high}`}`;
    })
    .join(', ');
}

/** As Markdown. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
