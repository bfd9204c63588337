import { Client } from 'pg';

/**
 * Shifts the engine's clock in one database, for every process that works on it: leases run out and retries come due
 * without waiting for them. For tests only.
 */
export class TestClock {
  private offsetMs = 0;

  constructor(private readonly databaseUrl: string) {}

  /** Moves the clock on; the moves add up. Whoever sleeps until a retry has to be woken, a poll does it. */
  async advance(milliseconds: number): Promise<void> {
    this.offsetMs += milliseconds;
    await this.replaceClock(`clock_timestamp() + interval '${this.offsetMs} milliseconds'`);
  }

  /** Back to real time. */
  async reset(): Promise<void> {
    this.offsetMs = 0;
    await this.replaceClock('clock_timestamp()');
  }

  /** Stops the clock at this time, so that delays can be compared to the millisecond. */
  async freeze(at: Date): Promise<void> {
    await this.replaceClock(`timestamptz '${at.toISOString()}'`);
  }

  private async replaceClock(expression: string): Promise<void> {
    const client = new Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      await client.query(
        `CREATE OR REPLACE FUNCTION tasker.current_time() RETURNS timestamptz
         LANGUAGE sql VOLATILE PARALLEL SAFE AS $clock$ SELECT ${expression} $clock$`,
      );
    } finally {
      await client.end();
    }
  }
}
