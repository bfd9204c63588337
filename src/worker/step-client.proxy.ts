import { types } from 'node:util';
import type { ClientBase, PoolClient } from 'pg';
import type { ClientState } from './client.state.js';
import { statementUse } from './statement.rules.js';
import type { StatementUse } from './statement.rules.js';
import { TransactionMisuseError } from './step-errors.js';

/** The attempt that a handler's client belongs to. */
export interface StepClientOwner {
  /** Whether the attempt goes on. */
  usable(): boolean;
  onFailure(error: unknown): void;
  onStatement(use: StatementUse): void;
}

const GOES_BACK = 'the connection goes back to the pool by itself when the step has ended';
/** Methods that are not the handler's to call, and why. */
const REFUSED: ReadonlyMap<PropertyKey, string> = new Map([
  ['release', GOES_BACK],
  ['end', GOES_BACK],
  ['connect', 'it is connected'],
  [
    'removeAllListeners',
    'remove your own listeners with off(); what is left of them goes when the step has ended',
  ],
]);

/**
 * The client of a step's transaction as its handler is given it.
 *
 * Refused are, by name, methods that take the connection from the pool, and statements that begin or end a transaction. A
 * handler that goes on after its attempt has ended must not reach the connection any more: by then it serves others, and
 * what it wrote there would be outside of any transaction, or inside another step's.
 */
export function stepClient(client: PoolClient, state: ClientState, owner: StepClientOwner): ClientBase {
  const proxy: PoolClient = new Proxy(client, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]): unknown => {
        const call = (): unknown => Reflect.apply(member, target, values);
        if (key === 'query') return runQuery(call, values, owner);
        if (!owner.usable()) throw stepOver();
        assertAllowed(key);
        if (key === 'setTypeParser') state.rememberTypeParser(values[0], values[1]);
        const answer = call();
        // As on() answers.
        return answer === target ? proxy : answer;
      };
    },
    set(_, key) {
      throw new TransactionMisuseError(
        `client.${String(key)} can't be set: other steps are given this client`,
      );
    },
  });
  return proxy;
}

function assertAllowed(method: PropertyKey): void {
  const reason = REFUSED.get(method);
  if (reason !== undefined)
    throw new TransactionMisuseError(
      `client.${String(method)}() can't be called in step.transaction: ${reason}`,
    );
}

/** @param values as `client.query` takes them: a text, a configuration, or a query object such as a cursor */
function runQuery(call: () => unknown, values: readonly unknown[], owner: StepClientOwner): unknown {
  const [given] = values;
  if (!owner.usable()) return refused(values, stepOver());
  for (const use of textsOf(given).map(statementUse)) {
    if (use.forbidden !== null) return refused(values, forbidden(use.forbidden));
    owner.onStatement(use);
  }
  const answer = call();
  if (types.isPromise(answer)) answer.catch((error: unknown) => owner.onFailure(error));
  return answer;
}

/** The texts that a query may run: pg-query-stream keeps its own in a cursor. */
function textsOf(query: unknown): readonly string[] {
  if (typeof query === 'string') return [query];
  const { text, cursor } = Object(query);
  return [text, cursor?.text].filter((candidate) => typeof candidate === 'string');
}

/** Tells of it in the way in which the caller waits for the answer. */
function refused(values: readonly unknown[], error: Error): unknown {
  const [given] = values;
  const callback = values.findLast((value) => typeof value === 'function') ?? Object(given).callback;
  if (typeof callback === 'function') {
    process.nextTick(callback, error);
    return undefined;
  }
  // A cursor has no other way to tell.
  if (typeof Object(given).submit === 'function') throw error;
  const answer = Promise.reject(error);
  // A handler that does not look at the promise must not end the process.
  answer.catch(() => undefined);
  return answer;
}

function forbidden(statement: string): TransactionMisuseError {
  return new TransactionMisuseError(
    `${statement} can't be run in step.transaction: the transaction commits when the step completes, and is rolled back if the step fails. Throw an error to roll it back, use SAVEPOINT and ROLLBACK TO for a part of it, or a connection of your own for what must not depend on the step`,
  );
}

function stepOver(): Error {
  return new Error('The step has ended: its transaction can no longer be used');
}
