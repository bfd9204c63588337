import { Client } from 'pg';

/**
 * Shifts the engine's clock in one database, for every process that works on it: leases run out and retries come due
 * without waiting for them. For tests only. The database has the engine's schema once a worker has started on it.
 *
 * A worker learns of it at its next poll, so keep `pollIntervalMs` short (`startTestWorker` does). Leases that have run out
 * are looked for every two seconds of real time.
 */
export class TestClock {
  /** SQL for the time before `offsetMs` is added. */
  private origin = 'clock_timestamp()';
  private offsetMs = 0;

  constructor(private readonly databaseUrl: string) {}

  /** Moves the clock on; the moves add up. A frozen clock stays frozen, at the later time. */
  async advance(milliseconds: number): Promise<void> {
    await this.set(this.origin, this.offsetMs + milliseconds);
  }

  /** Stops the clock at this time, so that delays can be compared to the millisecond. */
  async freeze(at: Date): Promise<void> {
    await this.set(`timestamptz '${at.toISOString()}'`, 0);
  }

  /** Back to real time. */
  async reset(): Promise<void> {
    await this.set('clock_timestamp()', 0);
  }

  private async set(origin: string, offsetMs: number): Promise<void> {
    if (!Number.isFinite(offsetMs)) {
      throw new TypeError(`TestClock: expected a number of milliseconds, got ${offsetMs}`);
    }
    await this.replaceClock(`${origin} + interval '${offsetMs} milliseconds'`);
    this.origin = origin;
    this.offsetMs = offsetMs;
  }

  private async replaceClock(expression: string): Promise<void> {
    const client = new Client({ connectionString: this.databaseUrl });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(
        `CREATE OR REPLACE FUNCTION tasker.current_time() RETURNS timestamptz
         LANGUAGE sql VOLATILE PARALLEL SAFE AS $clock$ SELECT ${expression} $clock$`,
      );
    } finally {
      await client.end();
    }
  }
}
