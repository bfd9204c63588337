import process from 'node:process';

import { Client, DatabaseError } from 'pg';
import type { QueryResult } from 'pg';

/** Where a process can be struck: at a statement, before it is sent, or after its commit and before anybody knows. */
export interface FaultPoint {
  /** The name of a prepared statement, such as `tasker_complete_steps`, or the text of a plain one, such as `COMMIT`. */
  readonly statement: string;
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
export interface Struck extends Pick<FaultPoint, 'statement' | 'when' | 'action'> {
  readonly event: 'struck';
}

type Callback = (error: Error | null, result?: QueryResult) => void;
/** Called with what each statement answered. */
type Observer = (statement: string, rows: readonly unknown[]) => void;

const SQLSTATES = { deadlock: '40P01', serialization: '40001' } as const;

/** Puts fault points into every connection of this process, whoever holds it. */
export function armFaultPoints(points: readonly FaultPoint[], observe: Observer): void {
  const armed = points.map((point) => ({ ...point, left: point.times ?? 1, skip: point.skip ?? 0 }));

  function due(statement: string, when: FaultPoint['when']): FaultPoint['action'] | undefined {
    const point = armed.find((one) => one.statement === statement && one.when === when && one.left > 0);
    if (point === undefined) return undefined;
    if (point.skip > 0) {
      point.skip -= 1;
      return undefined;
    }
    point.left -= 1;
    process.send?.({ event: 'struck', statement, when, action: point.action } satisfies Struck);
    return point.action;
  }

  const original = originalQuery();
  function query(this: Client, ...args: unknown[]): unknown {
    const callback = args.at(-1);
    return isCallback(callback) ? passOn(run(this, args.slice(0, -1)), callback) : run(this, args);
  }

  async function run(client: Client, args: readonly unknown[]): Promise<QueryResult> {
    const statement = nameOf(args[0]);
    strike(due(statement, 'before'), client);
    const result: QueryResult = await Reflect.apply(original, client, args);
    strike(due(statement, 'after'), client);
    observe(statement, result.rows ?? []);
    return result;
  }

  Object.defineProperty(Client.prototype, 'query', { value: query });
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
function nameOf(query: unknown): string {
  if (typeof query === 'string') return query.trim().split(/\s/, 1)[0] ?? '';
  const name: unknown = Reflect.get(Object(query), 'name');
  return typeof name === 'string' ? name : nameOf(String(Reflect.get(Object(query), 'text')));
}

function isCallback(value: unknown): value is Callback {
  return typeof value === 'function';
}
