import { CEILING, TASKER } from '../scenarios/contestants.js';
import type { Bar, BarChart } from './bar.chart.js';
import type { Figures } from './figures.js';

/** A chart and the name of its file. */
export interface NamedChart {
  readonly name: string;
  readonly chart: BarChart;
}

const GRAPHS = ['linear', 'diamond', 'tree', 'mixed', 'fan', 'chain'];

/** The charts that these figures are enough for. */
export function chartsOf(figures: Figures): readonly NamedChart[] {
  const charts = [
    { name: 'throughput', chart: throughput(figures.withEngine(CEILING)) },
    { name: 'peers', chart: throughput(figures.withEngine('pg-boss')) },
    { name: 'lone-task', chart: loneTask(figures.withEngine(CEILING)) },
    { name: 'lone-task-peers', chart: loneTask(figures.withEngine('pg-boss')) },
    { name: 'graphs', chart: graphs(figures) },
    { name: 'under-load', chart: underLoad(figures) },
    { name: 'cpu', chart: cpu(figures.withEngine(CEILING)) },
    { name: 'history', chart: history(figures) },
  ];
  return charts.filter(({ chart }) => chart.bars.length > 0);
}

function throughput(figures: Figures): BarChart {
  const byDefault = figures.find(TASKER, 'linear, default settings', 'steps_per_second');
  const bars = [
    ...barsOf(figures, 'linear', 'steps_per_second'),
    ...(byDefault === null
      ? []
      : [{ label: `${TASKER}, default settings`, value: byDefault, emphasis: true }]),
  ];
  return { title: 'Linear tasks', unit: 'steps a second', bars: largestFirst(bars) };
}

function loneTask(figures: Figures): BarChart {
  return {
    title: 'A lone linear task, from submit to its end (median)',
    unit: 'ms',
    logarithmic: true,
    bars: largestFirst(barsOf(figures, 'linear', 'lone_task_p50')).toReversed(),
  };
}

function graphs(figures: Figures): BarChart {
  const bars = GRAPHS.flatMap((graph) =>
    barsOf(figures, graph, 'steps_per_second')
      .filter(({ label }) => label === TASKER || label === 'loop')
      .map(({ label, value, emphasis }) => ({ label: `${graph}: ${label}`, value, emphasis })),
  );
  return { title: 'Graphs of other shapes', unit: 'steps a second', bars };
}

function underLoad(figures: Figures): BarChart {
  const bars = ['lone_task', 'task_at_50_percent', 'task_at_80_percent'].flatMap((metric) =>
    ['p50', 'p95', 'p99'].flatMap((share): Bar[] => {
      const value = figures.find(TASKER, 'linear', `${metric}_${share}`);
      return value === null
        ? []
        : [{ label: `${metric.replaceAll('_', ' ')}, ${share}`, value, emphasis: share === 'p50' }];
    }),
  );
  return { title: 'Latency of a linear task under load', unit: 'ms', bars };
}

function cpu(figures: Figures): BarChart {
  const bars = [
    ['engine_cpu_per_1000_steps', 'process'],
    ['server_cpu_per_1000_steps', 'PostgreSQL'],
  ].flatMap(([metric = '', of = '']) =>
    barsOf(figures, 'linear', metric)
      .filter(({ label }) => [TASKER, 'loop', CEILING].includes(label))
      .map(({ label, value, emphasis }) => ({ label: `${label}: ${of}`, value, emphasis })),
  );
  return { title: 'CPU time of linear steps', unit: 'seconds per 1,000 steps', bars };
}

function history(figures: Figures): BarChart {
  const bars = figures.workloads(/finished tasks|retry$|transaction|namespaces/).flatMap((condition) =>
    [
      ['buffers_per_step_ratio_to_empty_tables', 'buffers'],
      ['server_cpu_per_step_ratio_to_empty_tables', 'CPU'],
    ].flatMap(([metric = '', of = '']): Bar[] => {
      const value = figures.find(TASKER, condition, metric);
      return value === null ? [] : [{ label: `${condition}: ${of}`, value, emphasis: of === 'CPU' }];
    }),
  );
  return { title: 'Cost of a step, 1 on empty tables', unit: 'ratio', bars, mark: 1 };
}

function barsOf(figures: Figures, workload: string, metric: string): readonly Bar[] {
  return figures
    .byEngine(workload, metric)
    .map(({ engine, value }) => ({ label: engine, value, emphasis: engine === TASKER }));
}

function largestFirst(bars: readonly Bar[]): readonly Bar[] {
  return bars.toSorted((left, right) => right.value - left.value);
}
