import { TaskerError, WaitTimeoutError } from '../engine/index.js';
import type { Task, TaskStatus } from '../engine/index.js';
import type { TaskClient } from '../client/index.js';
import { accountOfTask } from './task-account.js';

export interface WaitForTaskOptions {
  /** 10 seconds where left out, less than what test runners give a test with a database. */
  readonly timeoutMs?: number;
  /** The status that the test counts on; any settled one where left out. */
  readonly status?: TaskStatus;
}

const PATIENCE_MS = 10_000;

/**
 * Resolves with the task once it has ended or is blocked by failures.
 *
 * @throws TaskNotSettledError when it takes too long, UnexpectedTaskStatusError when it settles in another status than the one
 *   asked for; the message of both tells of every step what became of it or what it waits for
 */
export async function waitForTask(
  client: TaskClient,
  taskUuid: string,
  { timeoutMs = PATIENCE_MS, status }: WaitForTaskOptions = {},
): Promise<Task> {
  const task = await settled(client, taskUuid, timeoutMs);
  if (status !== undefined && task.status !== status) throw new UnexpectedTaskStatusError(status, task);
  return task;
}

async function settled(client: TaskClient, taskUuid: string, timeoutMs: number): Promise<Task> {
  try {
    return await client.waitFor(taskUuid, { timeoutMs });
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
    throw new TaskNotSettledError(timeoutMs, await client.get(taskUuid));
  }
}

/** The task has neither ended nor become blocked in time. */
export class TaskNotSettledError extends TaskerError {
  readonly code = 'TASK_NOT_SETTLED';

  constructor(
    timeoutMs: number,
    /** As it stood when time was up. */
    readonly task: Task,
  ) {
    super(`Not settled within ${timeoutMs} ms. ${accountOfTask(task)}${retryHint(task)}`);
  }
}

/** A test that waits for a retry waits for long, and with a frozen clock for ever. */
function retryHint({ steps }: Task): string {
  if (!steps.some(({ state }) => state === 'waiting_for_retry')) return '';
  return "\nRetries come due by the engine's clock: move it past the time above with clock.advance(milliseconds)";
}

/** The task has settled, but not as the test expected. */
export class UnexpectedTaskStatusError extends TaskerError {
  readonly code = 'UNEXPECTED_TASK_STATUS';

  constructor(
    expected: TaskStatus,
    readonly task: Task,
  ) {
    super(`Expected the task to be ${expected}. ${accountOfTask(task)}`);
  }
}
