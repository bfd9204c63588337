const NAME = 'tasker_worker_step_seconds';
const HEADER = [
  `# HELP ${NAME} From the start of a handler to the end of its attempt`,
  `# TYPE ${NAME} histogram`,
];

/** The attempts at one step that ended in one way. */
interface Series {
  /** As Prometheus writes them. */
  readonly labels: string;
  /** By bucket, each without those below it; the last one has what is longer than all bounds. */
  readonly counts: number[];
  sum: number;
}

/**
 * From the start of a handler to the end of its attempt: a histogram, as prom-client's, which puts a text together for every
 * single observation. Thousands of attempts end in a second, at few steps: here they find their series without.
 */
export class StepDurations {
  private readonly series: Series[] = [];
  private readonly namespaces = new Map<string, Map<string, Map<string, Series>>>();

  /** @param bounds the upper ones of the buckets in seconds, ascending */
  constructor(private readonly bounds: readonly number[]) {}

  /** An attempt has ended. */
  add(namespace: string, step: string, outcome: string, seconds: number): void {
    const series = this.seriesOf(namespace, step, outcome);
    const place = this.bounds.findIndex((bound) => seconds <= bound);
    const bucket = place < 0 ? this.bounds.length : place;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += seconds;
  }

  /** In Prometheus's text format, without a line feed at the end. */
  text(): string {
    return [...HEADER, ...this.series.flatMap((series) => this.linesOf(series))].join('\n');
  }

  private seriesOf(namespace: string, step: string, outcome: string): Series {
    return (
      this.namespaces.get(namespace)?.get(step)?.get(outcome) ?? this.newSeries(namespace, step, outcome)
    );
  }

  private newSeries(namespace: string, step: string, outcome: string): Series {
    const series = {
      labels: Object.entries({ namespace, step, outcome })
        .map(([name, value]) => `${name}="${escaped(value)}"`)
        .join(),
      counts: Array.from({ length: this.bounds.length + 1 }, () => 0),
      sum: 0,
    };
    this.series.push(series);
    const steps = this.namespaces.get(namespace) ?? new Map<string, Map<string, Series>>();
    const outcomes = steps.get(step) ?? new Map<string, Series>();
    this.namespaces.set(namespace, steps.set(step, outcomes.set(outcome, series)));
    return series;
  }

  /** Each bucket holds those below it, too. */
  private linesOf({ labels, counts, sum }: Series): readonly string[] {
    let count = 0;
    const buckets = counts.map((own, place) => {
      count += own;
      return `${NAME}_bucket{le="${this.bounds[place] ?? '+Inf'}",${labels}} ${count}`;
    });
    return [...buckets, `${NAME}_sum{${labels}} ${sum}`, `${NAME}_count{${labels}} ${count}`];
  }
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
