import process from 'node:process';

import { Client, DatabaseError } from 'pg';
import type { QueryResult } from 'pg';

import type { AfterStatement } from './worker-defects.js';

/**
 * The places in the engine where something can be made to happen: the calls that commit. A call is its own transaction, so that
 * "before" is before its commit and "after" is after it, when nobody has been told yet.
 */
export const COMMITS = {
  submit: ['tasker_submit_tasks', 'tasker_submit_and_claim'],
  claim: ['tasker_claim_steps'],
  claimAlone: ['tasker_claim_step_alone'],
  complete: ['tasker_complete_steps'],
  extend: ['tasker_extend_leases'],
  release: ['tasker_release_steps'],
  reclaim: ['tasker_reclaim_expired_steps'],
  cancel: ['tasker_cancel_task'],
  /** Of a step's own transaction. */
  commit: ['COMMIT'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Where statements that claim say which schema their caller knows. */
const SCHEMA_VERSION_AT: Readonly<Record<string, number>> = {
  tasker_claim_steps: 1,
  tasker_claim_step_alone: 1,
  tasker_complete_steps: 1,
  tasker_submit_and_claim: 2,
};

export type CommitName = keyof typeof COMMITS;

/** What happens there, and when. */
export interface FaultPoint {
  readonly at: CommitName;
  readonly when: 'before' | 'after';
  /**
   * `kill` the process, as `kill -9` does; `stop` it, as SIGSTOP does; `lose` the connection, so that the caller sees an error
   * whether or not the statement took effect; `deadlock`, `serialization`: it fails with 40P01 or 40001 and takes no effect (only
   * `before`).
   */
  readonly action: 'kill' | 'stop' | 'lose' | 'deadlock' | 'serialization';
  /** How many times it is passed unharmed first. */
  readonly skip?: number;
  /** How many times it strikes; once where left out. */
  readonly times?: number;
}

/** What a process tells its parent when one of its fault points strikes, before it strikes. */
export interface Struck extends Pick<FaultPoint, 'at' | 'when' | 'action'> {
  readonly event: 'struck';
}

export interface FaultyConnectionsOptions {
  /** Sent with claims and completions in place of what the code knows. */
  readonly schemaVersion: number | null;
  /** Called with what each statement was given and answered. */
  onAnswer(statement: string, values: readonly unknown[], rows: readonly unknown[]): void;
  readonly afterStatement: AfterStatement;
}

type Callback = (error: Error | null, result?: QueryResult) => void;

interface Armed extends FaultPoint {
  skip: number;
  left: number;
}

interface NamedQuery {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

const SQLSTATES = { deadlock: '40P01', serialization: '40001' } as const;

/** Puts fault points into every connection of this process, whoever holds it. One a process. */
export class FaultyConnections {
  private readonly armed: Armed[] = [];
  private readonly counted = new Map<string, number>();
  private readonly original = originalQuery();

  constructor(private readonly options: FaultyConnectionsOptions) {
    const run = (client: Client, args: readonly unknown[]) => this.run(client, args);
    function query(this: Client, ...args: unknown[]): unknown {
      const callback = args.at(-1);
      return isCallback(callback) ? passOn(run(this, args.slice(0, -1)), callback) : run(this, args);
    }
    Object.defineProperty(Client.prototype, 'query', { value: query });
  }

  /** From now on these strike too. */
  arm(points: readonly FaultPoint[]): void {
    this.armed.push(...points.map((point) => ({ ...point, left: point.times ?? 1, skip: point.skip ?? 0 })));
  }

  /** How often each statement was run. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counted);
  }

  private async run(client: Client, args: readonly unknown[]): Promise<QueryResult> {
    const statement = nameOf(args[0]);
    strike(this.due(statement, 'before'), client);
    const [query, ...rest] = args;
    const result: QueryResult = await Reflect.apply(this.original, client, [this.released(query), ...rest]);
    strike(this.due(statement, 'after'), client);
    this.counted.set(statement, (this.counted.get(statement) ?? 0) + 1);
    this.understand(result.rows ?? []);
    const values = valuesOf(args);
    this.options.onAnswer(statement, values, result.rows ?? []);
    await this.options.afterStatement(client, statement, values);
    return result;
  }

  /** The query as another release would send it. */
  private released(query: unknown): unknown {
    const { schemaVersion } = this.options;
    if (schemaVersion === null || !isNamed(query) || query.values === undefined) return query;
    const place = SCHEMA_VERSION_AT[query.name ?? ''];
    return place === undefined ? query : { ...query, values: query.values.with(place, schemaVersion) };
  }

  /** What the answer says of the schema, as another release would understand it. */
  private understand(rows: readonly unknown[]): void {
    if (this.options.schemaVersion === null) return;
    for (const row of rows) {
      const detail: unknown = Reflect.get(Object(row), 'detail');
      if (Reflect.get(Object(row), 'kind') !== 'summary' || typeof detail !== 'string') continue;
      Reflect.set(
        Object(row),
        'detail',
        JSON.stringify({ ...JSON.parse(detail), schema_version: undefined }),
      );
    }
  }

  private due(statement: string, when: FaultPoint['when']): FaultPoint['action'] | undefined {
    const point = this.armed.find((one) => isAt(one, statement) && one.when === when && one.left > 0);
    if (point === undefined) return undefined;
    if (point.skip > 0) {
      point.skip -= 1;
      return undefined;
    }
    point.left -= 1;
    const { at, action } = point;
    process.send?.({ event: 'struck', at, when, action } satisfies Struck);
    return action;
  }
}

function isAt({ at }: FaultPoint, statement: string): boolean {
  const statements: readonly string[] = COMMITS[at];
  return statements.includes(statement);
}

function originalQuery(): Function {
  const query: unknown = Reflect.get(Client.prototype, 'query');
  if (typeof query !== 'function') throw new Error('The driver has no Client.query to put fault points into');
  return query;
}

/** Tells the answer by callback, as pg's pool asks for it. */
async function passOn(answer: Promise<QueryResult>, tell: Callback): Promise<void> {
  let result: QueryResult;
  try {
    result = await answer;
  } catch (error) {
    tell(error instanceof Error ? error : new Error(String(error)));
    return;
  }
  tell(null, result);
}

function strike(action: FaultPoint['action'] | undefined, client: Client): void {
  switch (action) {
    case undefined:
      return;
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'stop':
      process.kill(process.pid, 'SIGSTOP');
      return;
    case 'lose':
      Reflect.get(Reflect.get(client, 'connection'), 'stream').destroy();
      throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
    case 'deadlock':
    case 'serialization':
      throw Object.assign(new DatabaseError(action, 0, 'error'), {
        code: SQLSTATES[action],
        severity: 'ERROR',
      });
  }
}

/** A prepared statement's name, or the first word of a plain one. */
/** Of several statements in one text, the last one may commit. */
function nameOf(query: unknown): string {
  if (typeof query === 'string' && query.endsWith('; COMMIT')) return 'COMMIT';
  if (typeof query === 'string') return query.trim().split(/\s/, 1)[0] ?? '';
  if (!isNamed(query)) return '';
  return query.name ?? nameOf(query.text);
}

function valuesOf([query, values]: readonly unknown[]): readonly unknown[] {
  if (isNamed(query)) return query.values ?? [];
  return Array.isArray(values) ? values : [];
}

function isNamed(query: unknown): query is NamedQuery {
  return typeof query === 'object' && query !== null && typeof Reflect.get(query, 'text') === 'string';
}

function isCallback(value: unknown): value is Callback {
  return typeof value === 'function';
}
