import { ValidateBy } from 'class-validator';

import { isUuid } from '../../engine/index.js';
import type { TaskPlace } from '../../engine/index.js';

/** As PostgreSQL writes it; no offset is larger than 15:59. */
const TIME =
  /^(?<date>(?!0000)\d{4}-\d{2}-\d{2}) (?<time>\d{2}:\d{2}:\d{2})(?:\.\d{1,6})?[+-](?:0\d|1[0-5])(?::[0-5]\d)?$/;

/** A place in the list of tasks as a word that a client hands back and does not look into. */
export function writeTaskCursor({ createdAt, taskUuid }: TaskPlace): string {
  return Buffer.from(`${createdAt} ${taskUuid}`).toString('base64url');
}

/** The place that a cursor stands for; null for what is no cursor of ours. */
export function readTaskCursor(cursor: string): TaskPlace | null {
  const text = Buffer.from(cursor, 'base64url').toString();
  const taskUuid = text.slice(-36);
  const createdAt = text.slice(0, -37);
  const ours = isTime(createdAt) && isUuid(taskUuid) && writeTaskCursor({ createdAt, taskUuid }) === cursor;
  return ours ? { createdAt, taskUuid } : null;
}

/** Whether the database takes it: 2026-02-30 or 25:00 has the right form and is no time. */
function isTime(text: string): boolean {
  const { date, time } = TIME.exec(text)?.groups ?? {};
  if (date === undefined || time === undefined) return false;
  const read = new Date(`${date}T${time}Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(`${date}T${time}`);
}

export function IsTaskCursor(): PropertyDecorator {
  return ValidateBy({
    name: 'rule',
    validator: {
      validate: (value) => typeof value === 'string' && readTaskCursor(value) !== null,
      defaultMessage: () => 'must be the next_cursor of another page',
    },
  });
}
