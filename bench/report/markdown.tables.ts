import { TASKER } from '../scenarios/contestants.js';
import { readable } from './bar.chart.js';
import type { Figures } from './figures.js';

interface Goal {
  readonly what: string;
  readonly workload: RegExp;
  readonly metric: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** What the engine is held to. */
const GOALS: readonly Goal[] = [
  { what: 'linear steps/s', workload: /^linear$/, metric: 'steps_per_second', atLeast: 10_000 },
  {
    what: 'linear steps/s to `loop`',
    workload: /^linear$/,
    metric: 'steps_per_second_ratio_to_loop',
    atLeast: 0.8,
  },
  {
    what: 'linear steps/s to `ceiling`',
    workload: /^linear$/,
    metric: 'steps_per_second_ratio_to_ceiling',
    atLeast: 0.5,
  },
  {
    what: 'linear steps/s to pg-boss',
    workload: /^linear$/,
    metric: 'steps_per_second_ratio_to_pg-boss',
    atLeast: 1.5,
  },
  {
    what: 'linear steps/s to DBOS',
    workload: /^linear$/,
    metric: 'steps_per_second_ratio_to_dbos',
    atLeast: 10,
  },
  {
    what: 'linear steps/s to absurd',
    workload: /^linear$/,
    metric: 'steps_per_second_ratio_to_absurd',
    atLeast: 10,
  },
  {
    what: 'linear steps/s to openworkflow',
    workload: /^linear$/,
    metric: 'steps_per_second_ratio_to_openworkflow',
    atLeast: 10,
  },
  {
    what: 'lone task p50 to `ceiling`',
    workload: /^linear$/,
    metric: 'lone_task_p50_ratio_to_ceiling',
    atMost: 1.5,
  },
  { what: 'lone task p50 to DBOS', workload: /^linear$/, metric: 'lone_task_p50_ratio_to_dbos', atMost: 0.6 },
  {
    what: 'buffers a step, to empty tables',
    workload: /finished tasks/,
    metric: 'buffers_per_step_ratio_to_empty_tables',
    atMost: 1.15,
  },
  {
    what: 'PostgreSQL CPU a step, to empty tables',
    workload: /finished tasks/,
    metric: 'server_cpu_per_step_ratio_to_empty_tables',
    atMost: 1.15,
  },
  {
    what: 'REST submits/s to a bare INSERT',
    workload: /^rest$/,
    metric: 'submits_ratio_to_starter_inserts',
    atLeast: 0.5,
  },
  {
    what: 'bulk submit to INSERT … SELECT',
    workload: /^submit$/,
    metric: 'bulk_ratio_to_insert_select',
    atLeast: 0.6,
  },
  {
    what: 'start to ready, to starter and database',
    workload: /^start$/,
    metric: 'start_ratio_to_starter_and_database',
    atMost: 1.3,
  },
  {
    what: 'memory under load, to the starter',
    workload: /^rest$/,
    metric: 'memory_ratio_to_starter',
    atMost: 1.5,
  },
  { what: 'idle queries/s', workload: /^idle$/, metric: 'queries_per_second', atMost: 2 },
  {
    what: 'idle CPU, share of a core',
    workload: /^idle$/,
    metric: 'engine_cpu_share_of_a_core',
    atMost: 0.01,
  },
];

/** Figures beside what they should be. */
export function goalsTable(figures: Figures): string {
  const rows = GOALS.flatMap((goal) =>
    figures.workloads(goal.workload).flatMap((workload) => {
      const value = figures.find(TASKER, workload, goal.metric);
      return value === null ? [] : [goalRow(goal, workload, value)];
    }),
  );
  return tableOf(['figure', 'measured', 'goal', ''], rows);
}

function goalRow({ what, atLeast, atMost }: Goal, workload: string, value: number): readonly string[] {
  const reached = (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost);
  const goal = atLeast === undefined ? `≤ ${readable(atMost ?? 0)}` : `≥ ${readable(atLeast)}`;
  const condition = /finished tasks/.test(workload) ? `${what} (${workload})` : what;
  return [condition, readable(value), goal, reached ? 'reached' : 'missed'];
}

/** All figures of the workloads whose names match: a row a metric, a column an engine. */
export function figuresTable(figures: Figures, pattern: RegExp): string {
  const workloads = figures.workloads(pattern);
  const chosen = figures.all.filter(({ workload }) => workloads.includes(workload));
  const engines = [...new Set(chosen.map(({ engine }) => engine))];
  const several = workloads.length > 1;
  const rows = workloads.flatMap((workload) => {
    const metrics = new Map(
      chosen.filter((one) => one.workload === workload).map(({ metric, unit }) => [metric, unit]),
    );
    return [...metrics].map(([metric, unit]) => {
      const cells = engines.map((engine) => {
        const value = figures.find(engine, workload, metric);
        return value === null ? '' : readable(value);
      });
      const name = `${metric.replaceAll('_', ' ')}${unit === 'ratio' || unit === '1' ? '' : ` (${unit})`}`;
      return (several ? [workload, name] : [name]).concat(cells);
    });
  });
  return tableOf((several ? ['', ''] : ['']).concat(engines), rows);
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
