import type { Measurement } from '../measures/index.js';

/** The figures for people: a block a workload, a line a metric, a column an engine. */
export function tableOf(measurements: readonly Measurement[]): string {
  const workloads = [...new Set(measurements.map(({ workload }) => workload))];
  return workloads
    .map((workload) =>
      blockOf(
        workload,
        measurements.filter((one) => one.workload === workload),
      ),
    )
    .join('\n\n');
}

function blockOf(workload: string, measurements: readonly Measurement[]): string {
  const engines = [...new Set(measurements.map(({ engine }) => engine))];
  const metrics = new Map(measurements.map(({ metric, unit }) => [metric, unit]));
  const rows = [...metrics].map(([metric, unit]) => {
    const cells = engines.map((engine) => {
      const found = measurements.find((one) => one.engine === engine && one.metric === metric);
      return found === undefined ? '' : String(found.value);
    });
    return [`${metric} (${unit})`].concat(cells);
  });
  const table = [[workload, ...engines], ...rows];
  const widths = [workload, ...engines].map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return table
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
