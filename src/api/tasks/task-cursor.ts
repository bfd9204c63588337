import { ValidateBy } from 'class-validator';

import type { TaskPlace } from '../../engine/index.js';
import { isUuid } from '../../http/index.js';

const TIME = /^\d{4,6}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?[+-]\d{2}(?::\d{2})?$/;

/** A place in the list of tasks as a word that a client hands back and does not look into. */
export function writeTaskCursor({ createdAt, taskUuid }: TaskPlace): string {
  return Buffer.from(`${createdAt} ${taskUuid}`).toString('base64url');
}

/** The place that a cursor stands for; null for what is no cursor of ours. */
export function readTaskCursor(cursor: string): TaskPlace | null {
  const text = Buffer.from(cursor, 'base64url').toString();
  const taskUuid = text.slice(-36);
  const createdAt = text.slice(0, -37);
  const ours =
    TIME.test(createdAt) && isUuid(taskUuid) && writeTaskCursor({ createdAt, taskUuid }) === cursor;
  return ours && !Number.isNaN(Date.parse(createdAt.slice(0, 10))) ? { createdAt, taskUuid } : null;
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
