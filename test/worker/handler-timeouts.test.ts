import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { aborted, Happening } from '../support/until.js';
import { Behaviours, impatient, impatientTwice } from './behaviours.js';
import type { Behaviour } from './behaviours.js';

jest.setTimeout(120_000);

let all: Behaviours;

beforeAll(async () => {
  all = await Behaviours.start({ settings: { maxConcurrency: 4 } });
});

afterAll(() => all.close());

const expectTimeout = (behaviour: Behaviour) =>
  all.expectFailure(impatient, behaviour, 'TIMEOUT', /did not end within 1 s/);

describe('A handler that takes longer than timeout_seconds', () => {
  it('and never settles ends as TIMEOUT, with its signal fired', async () => {
    const fired = new Happening<unknown>();
    await expectTimeout((step) => {
      void aborted(step.signal).then((reason) => fired.happen(reason));
      return new Promise(() => undefined);
    });
    expect(await fired.happened).toMatchObject({ code: 'TIMEOUT' });
  });

  it('is asked again as often as the template says', async () => {
    const step = await all.expectFailure(
      impatientTwice,
      () => new Promise(() => undefined),
      'TIMEOUT',
      /1 s/,
    );
    expect(step.attempts).toBe(2);
  });

  it.each<[string, Behaviour]>([
    ['answers afterwards', (step) => aborted(step.signal).then(() => 'too late')],
    ['rejects afterwards', (step) => aborted(step.signal).then(() => Promise.reject(new Error('too late')))],
    [
      'rejects because of its signal',
      (step) => aborted(step.signal).then((reason) => Promise.reject(reason)),
    ],
  ])('and %s changes nothing any more', async (_, behaviour) => {
    const late = new Happening();
    const step = await expectTimeout((sequenceStep) =>
      Promise.resolve(behaviour(sequenceStep)).finally(() => late.happen()),
    );
    await late.happened;
    const task = await all.worker.client.get(step.taskUuid);
    expect(task.steps[0]).toMatchObject({ state: 'error', results: { metadata: { error_code: 'TIMEOUT' } } });
  });

  it('may go on in the next attempt', async () => {
    const step = await all.step(impatientTwice, (sequenceStep) =>
      sequenceStep.workflowStep.attempt === 1 ? new Promise(() => undefined) : 'quick',
    );
    expect(step).toMatchObject({ state: 'complete', attempts: 2, results: { result: 'quick' } });
  });
});
