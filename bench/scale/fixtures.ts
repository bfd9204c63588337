import { readFile } from 'node:fs/promises';

import { Client } from 'pg';

const CHUNK = 50_000;
const TEMPLATE = `SELECT template_id FROM tasker.templates WHERE namespace = $1 AND name = $2`;
const FINISHED = 'SELECT bench.make_finished_tasks($1, $2, $3)';
const WAITING = 'SELECT bench.make_waiting_tasks($1, $2)';

/** Fills the engine's tables with the past of a busy service. */
export class Fixtures {
  private constructor(
    private readonly client: Client,
    private readonly templateId: number,
  ) {}

  /** On a database that a worker with the bench's templates has been started on. */
  static async open(databaseUrl: string, namespace: string): Promise<Fixtures> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(await readFile(new URL('./fixtures.sql', import.meta.url), 'utf8'));
    const { rows } = await client.query<{ template_id: number }>(TEMPLATE, [namespace, 'linear']);
    return new Fixtures(client, rows[0]?.template_id ?? Number.NaN);
  }

  async finishedTasks(count: number): Promise<void> {
    // The oldest first, as they would have come.
    for (let left = count; left > 0; left -= CHUNK) {
      const size = Math.min(CHUNK, left);
      await this.client.query(FINISHED, [this.templateId, left - size, size]);
    }
  }

  async waitingTasks(count: number): Promise<void> {
    await this.client.query(WAITING, [this.templateId, count]);
  }

  /** All of it is on disk then: writing it out later would be counted as what steps cost. */
  async close(): Promise<void> {
    await this.client.query('CHECKPOINT');
    await this.client.end();
  }
}
