import type { Client } from 'pg';

import { processCpu, treeCpu } from './process-cpu.js';

/** What has been used since the server and the engine's process started. */
export interface ResourceUse {
  readonly engineCpuSeconds: number;
  readonly serverCpuSeconds: number;
  readonly walBytes: number;
  /** Transactions that wrote something. */
  readonly commits: number;
}

const COUNTERS = `SELECT (pg_current_wal_insert_lsn() - '0/0')::float8 AS wal_bytes,
  pg_snapshot_xmax(pg_current_snapshot())::text::float8 AS commits`;

/** Reads the counters of one engine and of the server. They count at once, unlike PostgreSQL's statistics. */
export class ResourceMeter {
  constructor(
    private readonly observer: Client,
    private readonly serverPid: number,
    private readonly enginePid: number,
  ) {}

  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly use: ResourceUse }> {
    const before = await this.read();
    const result = await work();
    const after = await this.read();
    return {
      result,
      use: {
        engineCpuSeconds: after.engineCpuSeconds - before.engineCpuSeconds,
        serverCpuSeconds: after.serverCpuSeconds - before.serverCpuSeconds,
        walBytes: after.walBytes - before.walBytes,
        commits: after.commits - before.commits,
      },
    };
  }

  private async read(): Promise<ResourceUse> {
    const { rows } = await this.observer.query<{ wal_bytes: number; commits: number }>(COUNTERS);
    const [row] = rows;
    if (row === undefined) throw new Error('PostgreSQL gave no counters');
    return {
      engineCpuSeconds: await processCpu(this.enginePid),
      serverCpuSeconds: await treeCpu(this.serverPid),
      walBytes: row.wal_bytes,
      commits: row.commits,
    };
  }
}
