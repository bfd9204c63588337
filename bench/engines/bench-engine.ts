import type { WorkloadName } from '../workloads/index.js';

/** What is to be run. */
export interface Batch {
  readonly workload: WorkloadName;
  readonly tasks: number;
}

/** What is to be run at an even pace. */
export interface PacedBatch extends Batch {
  readonly tasksPerSecond: number;
}

/** How a batch went, by the engine's own clock. */
export interface BatchTimes {
  /** From the first submit to the last task's end. */
  readonly seconds: number;
  /** From the first submit to the answer of the last one. */
  readonly submitSeconds: number;
}

/** An engine under test, in its own process. Every method rejects where a result is missing or wrong. */
export interface BenchEngine {
  /** Submits all tasks as fast as it can, in bulk where the engine has that, and waits for their ends. */
  run(batch: Batch): Promise<BatchTimes>;
  /**
   * Looks at the results of the last `run`. Of engines whose results have to be asked for; apart from the run, so that asking is
   * not counted as what the tasks cost.
   */
  check?(): Promise<void>;
  /** Tasks one after another; for each the milliseconds from its submit until its end is known to whoever waits. */
  runAlone(batch: Batch): Promise<readonly number[]>;
  /** Tasks submitted at an even pace, whether or not the earlier ones have ended; their latencies in milliseconds. */
  runPaced(batch: PacedBatch): Promise<readonly number[]>;
  /** Submits in bulk, and waits for no ends. Of engines that can do so. */
  submit?(batch: Batch): Promise<BatchTimes>;
  /** Submits one task after another, a few at a time, and waits for no ends. */
  submitOneByOne?(batch: Batch): Promise<BatchTimes>;
  /** How many queries its process has sent so far. Of engines that count them. */
  queries?(): number;
  stop(): Promise<void>;
}
