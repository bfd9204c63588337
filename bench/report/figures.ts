import type { Measurement } from '../measures/index.js';

/** The figures of one run, or of several: of a figure that is there twice the first one counts. */
export class Figures {
  readonly all: readonly Measurement[];

  constructor(private readonly runs: readonly (readonly Measurement[])[]) {
    this.all = runs.flat();
  }

  /** Of the runs in which this engine took part: what was measured in one run can be compared. */
  withEngine(engine: string): Figures {
    return new Figures(this.runs.filter((run) => run.some((one) => one.engine === engine)));
  }

  find(engine: string, workload: string, metric: string): number | null {
    const found = this.all.find(
      (one) => one.engine === engine && one.workload === workload && one.metric === metric,
    );
    return found?.value ?? null;
  }

  /** Every engine's value of this metric, in the order in which they were measured. */
  byEngine(workload: string, metric: string): readonly { readonly engine: string; readonly value: number }[] {
    const engines = [...new Set(this.all.map(({ engine }) => engine))];
    return engines.flatMap((engine) => {
      const value = this.find(engine, workload, metric);
      return value === null ? [] : [{ engine, value }];
    });
  }

  /** The workloads whose names match. */
  workloads(pattern: RegExp): readonly string[] {
    return [...new Set(this.all.map(({ workload }) => workload))].filter((name) => pattern.test(name));
  }
}

/** Reads the JSON of a run. Throws an `Error` that says what is wrong with it. */
export function parseFigures(text: string, file: string): readonly Measurement[] {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list) || !list.every(isMeasurement))
    throw new Error(`${file} is expected to hold what "npm run bench -- --json" has written`);
  return list;
}

function isMeasurement(item: unknown): item is Measurement {
  return (
    typeof item === 'object' &&
    item !== null &&
    'engine' in item &&
    'workload' in item &&
    'metric' in item &&
    'value' in item &&
    typeof item.value === 'number' &&
    'unit' in item
  );
}
