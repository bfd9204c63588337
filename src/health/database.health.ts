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
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly database: Database,
  ) {}

  async isHealthy<const Key extends string>(key: Key) {
    const indicator = this.indicators.check(key);
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    try {
      const probe = this.database.query<{ version: number }>(PROBE, []);
      const [row] = await Promise.race([probe, tooLong]);
      return indicator.up(`connected, schema version ${row?.version}`);
    } catch (error) {
      return indicator.down(
        `The database can't be reached: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** How much of the pool is in use; waiting callers degrade it. */
  poolUtilization<const Key extends string>(key: Key) {
    const { size, idle, waiting } = this.database.poolUsage();
    const message = `${size - idle} of ${size} connections in use, ${waiting} waiting`;
    const indicator = this.indicators.check(key);
    return waiting > 0 ? indicator.degraded(message) : indicator.up(message);
  }
}
