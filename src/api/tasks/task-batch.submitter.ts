import { Injectable } from '@nestjs/common';

import { BackpressureError } from '../../backlog/index.js';
import { SubmitFailedError, TaskClient, type SubmitManyOutcome } from '../../client/index.js';
import { InvalidTaskRequestError } from '../../engine/index.js';
import type { TaskRequest } from '../../engine/index.js';
import { InvalidRequestError, readDto, toErrorAnswer, toWirePath } from '../../http/index.js';
import type { AcceptedTask, RefusedTask } from './task-batch.responses.js';
import { TaskRequestDto } from './task-request.dto.js';
import { toTaskRequest } from './task-request.mapper.js';

/** Submits many requests with one insert; each is answered for itself. */
@Injectable()
export class TaskBatchSubmitter {
  constructor(private readonly tasks: TaskClient) {}

  /** One answer a request, in order. Rejects, with nothing accepted, where the database does not take them, or too much waits. */
  async submit(requests: readonly unknown[]): Promise<readonly (AcceptedTask | RefusedTask)[]> {
    const drafts = await Promise.all(requests.map(draftOf));
    const good = drafts.flatMap((draft) => ('request' in draft ? [draft.request] : []));
    const outcomes = (await this.tasks.submitMany(good)).values();
    return drafts.map((draft, place) =>
      'error' in draft ? refused(draft.error) : answerOf(outcomes.next().value, place),
    );
  }
}

type Draft = { readonly request: TaskRequest } | { readonly error: InvalidRequestError };

async function draftOf(value: unknown, place: number): Promise<Draft> {
  try {
    return { request: toTaskRequest(await readDto(TaskRequestDto, value, pathOf(place))) };
  } catch (error) {
    if (error instanceof InvalidRequestError) return { error };
    throw error;
  }
}

function answerOf(outcome: SubmitManyOutcome | undefined, place: number): AcceptedTask | RefusedTask {
  if (outcome === undefined) throw new Error('submitMany left a request unanswered');
  if (!('error' in outcome)) return { task_uuid: outcome.taskUuid };
  const { error } = outcome;
  // Not this request's fault, and every other one's lot too: the whole batch has failed.
  if (error instanceof SubmitFailedError || error instanceof BackpressureError) throw error;
  return refused(atPlace(error, place));
}

function refused(error: unknown): RefusedTask {
  return { error: toErrorAnswer(error).body.error };
}

/** A violation of one request, named as the client sees it: inside the batch. */
function atPlace(error: unknown, place: number): unknown {
  if (!(error instanceof InvalidTaskRequestError)) return error;
  const violations = error.violations.map(({ path, message }) => ({ path: toWirePath(path), message }));
  return new InvalidRequestError(violations).within(pathOf(place));
}

function pathOf(place: number): string {
  return `tasks[${place}]`;
}
