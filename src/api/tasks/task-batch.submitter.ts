import { setImmediate } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';

import { BackpressureError } from '../../backlog/index.js';
import { SubmitFailedError, TaskClient, type SubmitManyOutcome } from '../../client/index.js';
import { InvalidTaskRequestError } from '../../engine/index.js';
import type { TaskRequest } from '../../engine/index.js';
import { MOST_VIOLATIONS } from '../../templates/index.js';
import { InvalidRequestError, readDto, toErrorAnswer, toWirePath } from '../../http/index.js';
import type { AcceptedTask, RefusedTask } from './task-batch.responses.js';
import { TaskRequestDto } from './task-request.dto.js';
import { toTaskRequest } from './task-request.mapper.js';

/** Violations that one answer describes, over all its tasks; each refused task is told one at least. */
const MOST_DETAILS = 1_000;
/** Requests that are read before others have their turn. */
const SLICE = 50;

/** Submits many requests with one insert; each is answered for itself. */
@Injectable()
export class TaskBatchSubmitter {
  constructor(private readonly tasks: TaskClient) {}

  /** One answer a request, in order. Rejects, with nothing accepted, where the database does not take them, or too much waits. */
  async submit(requests: readonly unknown[]): Promise<readonly (AcceptedTask | RefusedTask)[]> {
    const drafts: Draft[] = [];
    for (const [place, request] of requests.entries()) {
      if (place > 0 && place % SLICE === 0) await setImmediate();
      drafts.push(await draftOf(request, place));
    }
    const good = drafts.flatMap((draft) => ('request' in draft ? [draft.request] : []));
    const outcomes = (await this.tasks.submitMany(good)).values();
    let detailsLeft = MOST_DETAILS;
    return drafts.map((draft, place) => {
      const outcome = 'error' in draft ? draft : outcomes.next().value;
      const answer = answerOf(outcome, place, Math.max(1, Math.min(MOST_VIOLATIONS, detailsLeft)));
      if ('error' in answer) detailsLeft -= answer.error.details?.length ?? 0;
      return answer;
    });
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

function answerOf(
  outcome: SubmitManyOutcome | Draft | undefined,
  place: number,
  mostDetails: number,
): AcceptedTask | RefusedTask {
  if (outcome === undefined) throw new Error('submitMany left a request unanswered');
  if ('taskUuid' in outcome) return { task_uuid: outcome.taskUuid };
  if (!('error' in outcome)) throw new Error('submitMany answered with a request');
  const { error } = outcome;
  // Not this request's fault, and every other one's lot too: the whole batch has failed.
  if (error instanceof SubmitFailedError || error instanceof BackpressureError) throw error;
  return { error: toErrorAnswer(atPlace(error, place), mostDetails).body.error };
}

/** A violation of one request, named as the client sees it: inside the batch. */
function atPlace(error: unknown, place: number): unknown {
  if (!(error instanceof InvalidTaskRequestError)) return error;
  const violations = error.violations.map(({ path, message }) => ({ path: toWirePath(path), message }));
  return new InvalidRequestError(violations, error.rest).within(pathOf(place));
}

function pathOf(place: number): string {
  return `tasks[${place}]`;
}
