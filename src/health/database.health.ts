import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';

const PROBE: Statement = { name: 'tasker_schema_version', text: 'SELECT tasker.schema_version() AS version' };

/** A probe must answer before the one who asks gives up. */
const PATIENCE_MS = 2_000;

/** Whether the database answers, and has the schema. */
@Injectable()
export class DatabaseHealthIndicator {
  private probing: Promise<number | undefined> | undefined;

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly database: Database,
  ) {}

  async isHealthy<const Key extends string>(key: Key) {
    const indicator = this.indicators.check(key);
    try {
      return indicator.up(`connected, schema version ${await this.probe()}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return indicator.down(`The database can't be reached: ${reason}`);
    }
  }

  /** Checks that are made at the same time share one look at the database. */
  private probe(): Promise<number | undefined> {
    this.probing ??= this.look().finally(() => {
      this.probing = undefined;
    });
    return this.probing;
  }

  private async look(): Promise<number | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    try {
      const [row] = await Promise.race([this.database.query<{ version: number }>(PROBE, []), tooLong]);
      return row?.version;
    } finally {
      clearTimeout(timer);
    }
  }

  /** How much of the pool is in use; callers that wait for a connection degrade it. */
  poolUtilization<const Key extends string>(key: Key) {
    const { limit, size, idle, waiting } = this.database.poolUsage();
    const message = `${size - idle} of ${limit} connections in use, ${waiting} waiting`;
    const indicator = this.indicators.check(key);
    return waiting > 0 && size - idle >= limit ? indicator.degraded(message) : indicator.up(message);
  }
}
