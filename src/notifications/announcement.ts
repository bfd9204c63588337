import type { Statement } from '../database/index.js';

/** Ready steps exist. */
export const READY_CHANNEL = 'tasker_ready';
/** Domain events were stored. */
export const EVENTS_CHANNEL = 'tasker_events';
/** Tasks have changed. */
export const TASKS_CHANNEL = 'tasker_tasks';

export const CHANNELS: readonly string[] = [READY_CHANNEL, EVENTS_CHANNEL, TASKS_CHANNEL];

export const NOTIFY: Statement = { name: 'tasker_notify', text: 'SELECT tasker.notify($1, $2)' };

/** PostgreSQL takes payloads below 8,000 bytes; this many ids fit with room to spare. */
const MOST_TASKS = 200;

/** Which process a notification comes from, so that it does not tell itself. */
export interface Announcement {
  readonly origin: string;
  /** The tasks meant, or null for "any of them". */
  readonly taskUuids: readonly string[] | null;
}

export function encodeAnnouncement({ origin, taskUuids }: Announcement): string {
  const tasks = taskUuids === null || taskUuids.length > MOST_TASKS ? '*' : taskUuids.join(',');
  return `${origin} ${tasks}`;
}

/** Whether a process has sent this payload itself: under load most of what it hears. */
export function isFrom(origin: string, payload: string): boolean {
  return payload.startsWith(`${origin} `);
}

/** The tasks that a payload means, whoever sent it. What can't be read means "look for yourself", which is null. */
export function announcedTasks(payload: string): readonly string[] | null {
  const [, tasks] = /^\S+ ([0-9a-f,-]+)$/.exec(payload) ?? [];
  return tasks === undefined ? null : tasks.split(',');
}
