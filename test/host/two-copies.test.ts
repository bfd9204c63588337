import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import * as library from '../../src/index.js';
import type { DomainEvent, TaskSequenceStep, WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Happening } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

const ROOT = join(import.meta.dirname, '../..');
const RETRY = { max_attempts: 2, backoff: 'none' };

const steps = workflow('steps', {
  succeeds: { publishes_events: [{ name: 'copy.done', condition: 'success', delivery_mode: 'fast' }] },
  fails: { retry: RETRY },
  gives_up: { retry: RETRY },
  tries_again: { retry: RETRY },
});

let folder: string;
/** Another installation of the package, of the same version, as a library of handlers may bring it along. */
let copy: typeof library;
let lab: Lab;
let worker: WorkerHandle;
const warnings: string[] = [];
const heard = new Happening<DomainEvent>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tasker-copy-'));
  for (const part of ['src', 'package.json'])
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  copy = await import(join(folder, 'src/index.ts'));

  lab = await Lab.open(steps);
  worker = await lab.worker({
    imports: [moduleOfTheCopy()],
    logger: {
      log: () => undefined,
      error: () => undefined,
      warn: (message: unknown) => warnings.push(String(message)),
    },
  });
});

afterAll(async () => {
  await lab.close();
  await rm(folder, { recursive: true });
});

/** Namespace, handlers and a subscriber, all made with the copy; they run in a worker of the library itself. */
function moduleOfTheCopy(): DynamicModule {
  const { OnDomainEvent, PermanentStepError, RetryableStepError, StepExecutionResult, StepHandler } = copy;

  @StepHandler('succeeds')
  class Succeeds {
    call(): unknown {
      return StepExecutionResult.success(7, { by: 'the copy' });
    }
  }
  @StepHandler('fails')
  class Fails {
    call(): unknown {
      return StepExecutionResult.failure({ message: 'no stock', errorCode: 'NO_STOCK', retryable: false });
    }
  }
  @StepHandler('gives_up')
  class GivesUp {
    call(): never {
      throw new PermanentStepError('never', { errorCode: 'NEVER' });
    }
  }
  @StepHandler('tries_again')
  class TriesAgain {
    call({ workflowStep }: TaskSequenceStep): string {
      if (workflowStep.attempt === 1) throw new RetryableStepError('later', { retryAfterSeconds: 0 });
      return 'second attempt';
    }
  }
  class Subscriber {
    @OnDomainEvent('copy.*')
    onDone(event: DomainEvent): void {
      heard.happen(event);
    }
  }
  @Module({})
  class CopyModule {}
  return {
    module: CopyModule,
    imports: [copy.TaskerModule.forFeature({ namespace: 'lab' })],
    providers: [Succeeds, Fails, GivesUp, TriesAgain, Subscriber],
  };
}

describe('Two copies of the package in one process', () => {
  it('understand each other: decorators, namespaces, results and errors of handlers', async () => {
    expect(copy.StepHandler).not.toBe(library.StepHandler);
    const { taskUuid } = await worker.client.submit(requestFor(steps));
    const task = await worker.client.waitFor(taskUuid);
    expect(Object.fromEntries(task.steps.map((step) => [step.name, step]))).toMatchObject({
      succeeds: {
        state: 'complete',
        attempts: 1,
        results: { result: 7, metadata: { custom: { by: 'the copy' } } },
      },
      fails: { state: 'error', attempts: 1, results: { metadata: { error_code: 'NO_STOCK' } } },
      gives_up: { state: 'error', attempts: 1, results: { metadata: { error_code: 'NEVER' } } },
      tries_again: { state: 'complete', attempts: 2, results: { result: 'second attempt' } },
    });
    expect(await heard.happened).toMatchObject({ name: 'copy.done', taskUuid });
  });

  it('are told at start, with the version and the place of each', () => {
    const told = warnings.filter((message) => message.includes('copies of tasker-nest'));
    expect(told).toEqual([
      expect.stringMatching(/loaded 2 copies.*version [\d.]+ in .*; version [\d.]+ in /),
    ]);
    expect(told[0]).toContain(`in ${ROOT};`);
    expect(told[0]).toContain(`in ${folder}.`);
  });

  it('know each other’s errors by instanceof, and only those of the same class', () => {
    const foreign = new copy.PermanentStepError('no');
    expect(foreign).toBeInstanceOf(library.PermanentStepError);
    expect(foreign).toBeInstanceOf(library.TaskerError);
    expect(foreign).not.toBeInstanceOf(library.RetryableStepError);
    expect(foreign).not.toBeInstanceOf(library.MissingDependencyError);
    class OwnError extends library.PermanentStepError {}
    expect(foreign).not.toBeInstanceOf(OwnError);
    expect(new OwnError('no')).toBeInstanceOf(OwnError);
    expect(new OwnError('no')).toBeInstanceOf(copy.PermanentStepError);
  });
});
