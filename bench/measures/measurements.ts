/** One figure of a run. */
export interface Measurement {
  readonly engine: string;
  readonly workload: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
}

/** Gathers the figures of a run. */
export class Measurements {
  private readonly list: Measurement[] = [];

  get all(): readonly Measurement[] {
    return this.list;
  }

  add(engine: string, workload: string, metric: string, value: number, unit: string): void {
    this.list.push({ engine, workload, metric, value: rounded(value), unit });
  }
}

/** Four significant digits: there is not more in a figure of a machine that others use too. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
