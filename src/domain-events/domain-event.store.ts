import { Injectable } from '@nestjs/common';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import { storableText, stepUuid } from '../engine/index.js';
import type { JsonValue } from '../engine/index.js';
import { domainEventId } from './domain-event.types.js';
import type { DomainEvent } from './domain-event.types.js';

interface EventRow {
  readonly event_id: string;
  readonly name: string | null;
  readonly namespace: string;
  readonly template_name: string;
  readonly template_version: string;
  readonly task_uuid: string;
  readonly step_index: number;
  readonly step_name: string | null;
  readonly attempt: number;
  readonly attempt_token: string;
  readonly correlation_id: string;
  readonly published_at: Date;
  readonly payload: JsonValue;
}

/** An event and its place in the outbox. */
export interface StoredEvent {
  readonly position: string;
  readonly event: DomainEvent;
}

/** The next events of a subscription, and where to go on when they are handled. */
export interface EventBatch {
  readonly events: readonly StoredEvent[];
  readonly upTo: string;
}

/** A subscriber's error is cut: it is there to be read. */
const LONGEST_ERROR = 10_000;

const REGISTER: Statement = {
  name: 'tasker_register_event_subscription',
  text: 'SELECT tasker.register_event_subscription($1, $2)',
};
const READ: Statement = {
  name: 'tasker_read_event_subscription',
  text: 'SELECT * FROM tasker.read_event_subscription($1, $2, $3, $4, $5)',
};
const ADVANCE: Statement = {
  name: 'tasker_advance_event_subscription',
  text: 'SELECT tasker.advance_event_subscription($1, $2, $3, $4) AS held',
};
const RENEW: Statement = {
  name: 'tasker_renew_event_subscription',
  text: 'SELECT tasker.renew_event_subscription($1, $2, $3) AS held',
};
const RELEASE: Statement = {
  name: 'tasker_release_event_subscription',
  text: 'SELECT tasker.release_event_subscription($1, $2)',
};

/** The outbox: one method a SQL function. */
@Injectable()
export class DomainEventStore {
  constructor(private readonly database: Database) {}

  async register(subscription: string, fromBeginning: boolean): Promise<void> {
    await this.database.query(REGISTER, [subscription, fromBeginning]);
  }

  /** Null where another process serves the subscription. */
  async read(
    subscription: string,
    owner: string,
    leaseSeconds: number,
    expression: string,
    scan: number,
  ): Promise<EventBatch | null> {
    const values = [subscription, owner, leaseSeconds, expression, scan];
    const rows = await this.database.query<EventRow>(READ, values);
    const end = rows.at(-1);
    if (end === undefined) return null;
    return {
      events: rows.flatMap((row) => (row.name === null ? [] : [storedEvent(row, row.name)])),
      upTo: end.event_id,
    };
  }

  /** Answers whether the subscription is still held. */
  async advance(
    subscription: string,
    owner: string,
    position: string,
    error: string | null,
  ): Promise<boolean> {
    const [row] = await this.database.query<{ held: boolean }>(ADVANCE, [
      subscription,
      owner,
      position,
      error === null ? null : storableText(error, LONGEST_ERROR),
    ]);
    return row?.held === true;
  }

  /** Answers whether the subscription is still held. */
  async renew(subscription: string, owner: string, leaseSeconds: number): Promise<boolean> {
    const [row] = await this.database.query<{ held: boolean }>(RENEW, [subscription, owner, leaseSeconds]);
    return row?.held === true;
  }

  async release(subscription: string, owner: string): Promise<void> {
    await this.database.query(RELEASE, [subscription, owner]);
  }
}

function storedEvent(row: EventRow, name: string): StoredEvent {
  const uuid = stepUuid(row.task_uuid, row.step_index);
  return {
    position: row.event_id,
    event: {
      id: domainEventId(row.attempt_token, name),
      name,
      delivery: 'durable',
      payload: row.payload,
      namespace: row.namespace,
      templateName: row.template_name,
      templateVersion: row.template_version,
      taskUuid: row.task_uuid,
      stepUuid: uuid,
      stepName: row.step_name ?? '',
      attempt: row.attempt,
      correlationId: row.correlation_id,
      publishedAt: row.published_at,
    },
  };
}
