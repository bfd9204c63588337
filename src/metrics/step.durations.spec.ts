import { describe, expect, it } from '@jest/globals';
import { Histogram, Registry } from 'prom-client';

import { StepDurations } from './step.durations.js';

const BOUNDS = [0.001, 0.01, 0.1, 1];
const LABELS = ['namespace', 'step', 'outcome'] as const;

const OBSERVED = [
  { namespace: 'shop', step: 'pay', outcome: 'succeeded', seconds: [0, 0.001, 0.0011, 0.5, 1, 1.5, 30] },
  { namespace: 'shop', step: 'pay', outcome: 'failed', seconds: [0.05] },
  { namespace: 'shop', step: 'ship', outcome: 'succeeded', seconds: [2] },
  { namespace: 'bank', step: 'pay', outcome: 'succeeded', seconds: [0.2, 0.2] },
  { namespace: 'odd "name"', step: 'back\\slash', outcome: 'two\nlines', seconds: [0.1] },
];

describe('The durations of steps', () => {
  it('are written as prom-client writes such a histogram', async () => {
    const durations = new StepDurations(BOUNDS);
    const registry = new Registry();
    const reference = new Histogram({
      name: 'tasker_worker_step_seconds',
      help: 'From the start of a handler to the end of its attempt',
      labelNames: LABELS,
      buckets: BOUNDS,
      registers: [registry],
    });
    for (const { seconds, ...labels } of OBSERVED) {
      for (const value of seconds) {
        durations.add(labels.namespace, labels.step, labels.outcome, value);
        reference.observe(labels, value);
      }
    }
    expect(linesOf(durations.text())).toEqual(linesOf(await registry.metrics()));
  });

  it('are announced before there are any', () => {
    expect(linesOf(new StepDurations(BOUNDS).text())).toEqual([
      '# HELP tasker_worker_step_seconds From the start of a handler to the end of its attempt',
      '# TYPE tasker_worker_step_seconds histogram',
    ]);
  });
});

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}
