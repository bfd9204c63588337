import { randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type pg from 'pg';
import { Subject } from 'rxjs';
import { Database } from '../database/index.js';
import {
  announcedTasks,
  EVENTS_CHANNEL,
  isFrom,
  NOTIFY,
  READY_CHANNEL,
  TASKS_CHANNEL,
} from './announcement.js';
import { closeConnection } from './connection.closer.js';
import { ProcessIdentity } from './process-identity.js';

/**
 * off: not started, or stopped. connecting: no connection; trying. listening: the last self-test came back. deaf: there is
 * a connection, but notifications do not arrive on it (a transaction pooler in between, for instance).
 */
export type ListenerState = 'off' | 'connecting' | 'listening' | 'deaf';

/** How often the listener sends itself a notification, and how long that one may take. */
const SELF_TEST_MS = 5_000;
const SHORTEST_RECONNECT_MS = 100;
const LONGEST_RECONNECT_MS = 5_000;

/**
 * Hears, on a connection of its own, what other processes announce. It proves that it hears by sending itself a
 * notification every few seconds; a connection on which none comes back is given up for a new one.
 *
 * `start` and `stop` may be called in any order, any number of times; after `stop` nothing is emitted.
 */
@Injectable()
export class PostgresListener {
  /** Ready steps were announced by another process. */
  readonly ready = new Subject<void>();
  /** Durable domain events were stored by another process. */
  readonly events = new Subject<void>();
  /** Tasks have changed: their ids, or null where it is not known which. */
  readonly tasks = new Subject<readonly string[] | null>();
  /** Announcements may have been missed until now: look for everything. */
  readonly resync = new Subject<void>();

  private readonly logger = new Logger(PostgresListener.name);
  private readonly echoChannel = `tasker_echo_${randomBytes(8).toString('hex')}`;
  private current: ListenerState = 'off';
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private connecting: Promise<void> = Promise.resolve();
  private failures = 0;
  private lost = 0;
  private echo: { readonly sent: string; received: boolean } | undefined;

  constructor(
    private readonly database: Database,
    private readonly identity: ProcessIdentity,
  ) {}

  /** How often the connection was lost, or given up. */
  get losses(): number {
    return this.lost;
  }

  get state(): ListenerState {
    return this.current;
  }

  /** Resolves when the first connection has been tried; a failure is retried in the background. */
  async start(): Promise<void> {
    if (this.current !== 'off') return;
    this.current = 'connecting';
    await this.connect();
  }

  async stop(): Promise<void> {
    if (this.current === 'off') return;
    this.current = 'off';
    clearTimeout(this.timer);
    await this.connecting;
    const { client } = this;
    this.client = undefined;
    if (client !== undefined) await closeConnection(client);
  }

  private connect(): Promise<void> {
    this.connecting = this.tryConnect();
    return this.connecting;
  }

  private async tryConnect(): Promise<void> {
    let client: pg.Client | undefined;
    try {
      client = await this.database.connectDirect('listener', SELF_TEST_MS);
      const opened = client;
      opened.on('error', (error) => this.lose(opened, error.message));
      opened.on('end', () => this.lose(opened, 'the connection ended'));
      opened.on('notification', (message) => this.hear(message));
      const channels = [READY_CHANNEL, TASKS_CHANNEL, EVENTS_CHANNEL, this.echoChannel];
      await opened.query(channels.map((channel) => `LISTEN ${channel};`).join(' '));
      if (this.isOff()) {
        await closeConnection(opened);
        return;
      }
      this.client = opened;
      await this.selfTest(opened);
      if (!this.isOff()) this.resync.next();
    } catch (error) {
      client?.removeAllListeners('end');
      client?.end().catch(() => undefined);
      this.client = undefined;
      this.reconnectLater(error instanceof Error ? error.message : String(error));
    }
  }

  /** One round: send, and judge at the next round whether it came back. */
  private async selfTest(client: pg.Client): Promise<void> {
    this.echo = { sent: randomBytes(8).toString('hex'), received: false };
    await client.query(NOTIFY.text, [this.echoChannel, this.echo.sent]);
    if (this.isOff()) return;
    this.timer = setTimeout(() => void this.judge(client), SELF_TEST_MS);
  }

  private async judge(client: pg.Client): Promise<void> {
    if (this.client !== client || this.isOff()) return;
    if (this.echo?.received !== true) {
      if (this.current !== 'deaf') {
        this.logger.warn(
          'Notifications do not arrive on the listening connection; polling carries the load. Behind a transaction pooler set DATABASE_DIRECT_URL',
        );
      }
      this.current = 'deaf';
      this.abandon(client);
      this.reconnectLater('no notification arrived');
      return;
    }
    try {
      await this.selfTest(client);
    } catch (error) {
      this.lose(client, error instanceof Error ? error.message : String(error));
    }
  }

  private hear({ channel, payload = '' }: pg.Notification): void {
    if (this.isOff()) return;
    if (channel === this.echoChannel) {
      this.heardItself(payload);
      return;
    }
    if (isFrom(this.identity.origin, payload)) return;
    if (channel === READY_CHANNEL) this.ready.next();
    else if (channel === EVENTS_CHANNEL) this.events.next();
    else if (channel === TASKS_CHANNEL) this.tasks.next(announcedTasks(payload));
  }

  private heardItself(payload: string): void {
    if (this.echo?.sent !== payload) return;
    this.echo.received = true;
    this.failures = 0;
    if (this.current !== 'listening') this.logger.debug('Listening for notifications');
    this.current = 'listening';
  }

  private lose(client: pg.Client, reason: string): void {
    if (this.client !== client || this.isOff()) return;
    this.abandon(client);
    this.current = 'connecting';
    this.reconnectLater(reason);
  }

  /** A connection that may hang is not asked to say goodbye: its socket is closed under it. */
  private abandon(client: pg.Client): void {
    this.lost += 1;
    this.client = undefined;
    client.removeAllListeners('end');
    client.removeAllListeners('notification');
    client.end().catch(() => undefined);
  }

  private reconnectLater(reason: string): void {
    if (this.isOff()) return;
    const delay = Math.min(SHORTEST_RECONNECT_MS * 2 ** this.failures, LONGEST_RECONNECT_MS);
    this.failures = Math.min(this.failures + 1, 16);
    if (this.failures === 1)
      this.logger.warn(`The listening connection was lost (${reason}); connecting again`);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), delay);
  }

  /** A method, since the state changes while something is awaited. */
  private isOff(): boolean {
    return this.current === 'off';
  }
}
