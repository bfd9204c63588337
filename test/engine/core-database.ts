import { jest } from '@jest/globals';
import { Client, Pool } from 'pg';
import type { QueryResultRow } from 'pg';

import { SchemaMigrator } from '../../src/database/index.js';
import type { JsonObject, JsonValue } from '../../src/engine/index.js';
import { TestClock } from '../../src/testing/test-clock.js';
import { createTestDatabase } from '../support/postgres-server.js';
import type { TestDatabase } from '../support/postgres-server.js';
import { CoreConnection } from './core-connection.js';
import type { Graph } from './graphs.js';

export interface EventRow {
  readonly event_id: number;
  readonly kind: number;
  readonly step_index: number | null;
  readonly attempt: number | null;
  readonly task_status: number | null;
  readonly worker_id: number | null;
  readonly recorded_at: Date;
  readonly started_at: Date | null;
  readonly retry_delay_ms: number | null;
  readonly detail: JsonObject | null;
  readonly metadata: JsonObject | null;
}

export interface StepView {
  readonly step_index: number;
  readonly step_uuid: string;
  readonly name: string;
  readonly state: string;
  readonly remaining_dependencies: number;
  readonly attempts: number;
  readonly lost_count: number;
  readonly completed_at: Date | null;
  readonly last_attempted_at: Date | null;
  readonly next_retry_at: Date | null;
  readonly last_failure_at: Date | null;
  readonly result: JsonValue;
  readonly event_kind: number | null;
  readonly event_retry_delay_ms: number | null;
  readonly event_detail: JsonObject | null;
  readonly event_metadata: JsonObject | null;
  readonly worker_name: string | null;
}

export interface TaskView {
  readonly status: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly completed_at: Date | null;
  readonly context: JsonObject;
  readonly tags: readonly string[];
  readonly total_steps: number;
  readonly pending_steps: number;
  readonly in_progress_steps: number;
  readonly completed_steps: number;
  readonly failed_steps: number;
  readonly ready_steps: number;
  readonly waiting_for_retry_steps: number;
}

/** Nothing here is about time: a busy machine may take as long as it needs. */
jest.setTimeout(120_000);

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** A database of its own with the engine's schema, and the connections that work on it. */
export class CoreDatabase {
  readonly clock: TestClock;
  private readonly clients: Client[] = [];
  private readonly templateIds: number[] = [];
  private readonly observers: Pool;

  private constructor(private readonly database: TestDatabase) {
    this.clock = new TestClock(database.url);
    this.observers = new Pool({ connectionString: database.url, max: 4 });
    // The database is dropped while its last connections are still closing.
    this.observers.on('error', () => undefined);
  }

  static async create(): Promise<CoreDatabase> {
    const core = new CoreDatabase(await createTestDatabase());
    await new SchemaMigrator(core, silent).migrate();
    return core;
  }

  get url(): string {
    return this.database.url;
  }

  /** A connection that its caller ends. */
  async connectDirect(): Promise<Client> {
    const client = new Client({ connectionString: this.database.url });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /**
   * A worker that serves every template, also those that are registered later: a new one, or one that is known already
   * on another connection.
   */
  async connection(knownWorker?: number): Promise<CoreConnection> {
    const client = await this.connectDirect();
    this.clients.push(client);
    return new CoreConnection(client, knownWorker ?? (await this.newWorker(client)), this.templateIds);
  }

  async connections(count: number): Promise<readonly CoreConnection[]> {
    return Promise.all(Array.from({ length: count }, () => this.connection()));
  }

  private async newWorker(client: Client): Promise<number> {
    const name = `worker ${this.clients.length}`;
    const { rows } = await client.query<{ id: number }>('SELECT tasker.register_worker($1, $2) AS id', [
      name,
      'here',
    ]);
    return rows[0]?.id ?? 0;
  }

  /** Registers a template with these steps and answers with its id. */
  async template(graph: Graph, name = `template_${this.templateIds.length + 1}`): Promise<number> {
    const places = new Map(graph.map((step, index) => [step.name, index]));
    const steps = graph.map((step) => ({
      name: step.name,
      dependencies: step.dependencies.map((parent) => places.get(parent) ?? -1),
      dependents: graph.flatMap((other, index) => (other.dependencies.includes(step.name) ? [index] : [])),
    }));
    const [row] = await this.rows<{ template_id: number }>(
      'SELECT template_id FROM tasker.register_template($1, $2, $3, $4, $5, $6)',
      ['tests', name, '1.0.0', 'hash', '{}', JSON.stringify(steps)],
    );
    if (row === undefined) throw new Error('tasker.register_template gave no row');
    this.templateIds.push(row.template_id);
    return row.template_id;
  }

  /**
   * From now on the clock runs on by itself, and `leap` moves it in the same instant for every call under way, which the
   * replacing of a function does not.
   */
  async useLeapingClock(): Promise<void> {
    await this.rows(
      `CREATE SEQUENCE tasker.leaps MINVALUE 0 START 0;
       CREATE OR REPLACE FUNCTION tasker.current_time() RETURNS timestamptz LANGUAGE sql VOLATILE
       AS $$ SELECT clock_timestamp() + (SELECT last_value FROM tasker.leaps) * interval '10 seconds' $$`,
    );
  }

  /** Ten seconds pass, each time. */
  async leap(times: number): Promise<void> {
    await this.rows("SELECT nextval('tasker.leaps') FROM generate_series(1, $1)", [times]);
  }

  /** Looks at the database from outside. */
  async rows<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.observers.query<Row>(text, [...values])).rows;
  }

  async task(taskUuid: string): Promise<TaskView> {
    const [row] = await this.rows<TaskView & QueryResultRow>(
      'SELECT * FROM tasker.read_tasks(ARRAY[$1::uuid])',
      [taskUuid],
    );
    if (row === undefined) throw new Error(`there is no task ${taskUuid}`);
    return row;
  }

  async steps(taskUuid: string): Promise<StepView[]> {
    return this.rows<StepView & QueryResultRow>('SELECT * FROM tasker.read_steps($1)', [taskUuid]);
  }

  /** The step by name. */
  async step(taskUuid: string, name: string): Promise<StepView> {
    const step = (await this.steps(taskUuid)).find((candidate) => candidate.name === name);
    if (step === undefined) throw new Error(`there is no step ${name} in task ${taskUuid}`);
    return step;
  }

  async events(taskUuid: string): Promise<EventRow[]> {
    return this.rows<EventRow & QueryResultRow>(
      `SELECT event_id::integer, kind, step_index, attempt, task_status, worker_id, recorded_at, started_at,
              retry_delay_ms::float8, detail, metadata
       FROM tasker.events WHERE task_uuid = $1 ORDER BY event_id`,
      [taskUuid],
    );
  }

  /** Everything that is stored of a task, to see that something changed nothing. */
  async everything(taskUuid: string): Promise<unknown> {
    const [row] = await this.rows<{ all: unknown }>(
      `SELECT json_build_object(
         'task', (SELECT row_to_json(t) FROM tasker.tasks t WHERE t.task_uuid = $1),
         'steps', (SELECT json_agg(s ORDER BY s.step_index) FROM tasker.steps s WHERE s.task_uuid = $1),
         'events', (SELECT json_agg(e ORDER BY e.event_id) FROM tasker.events e WHERE e.task_uuid = $1)) AS all`,
      [taskUuid],
    );
    return row?.all;
  }

  /** Removes every task. */
  async clear(): Promise<void> {
    await this.rows('TRUNCATE tasker.tasks, tasker.steps, tasker.events');
  }

  async drop(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.end()));
    await this.observers.end();
    await this.database.drop();
  }
}
