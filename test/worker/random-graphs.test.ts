import { setImmediate as turn } from 'node:timers/promises';

import { expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';

import { PermanentStepError } from '../../src/index.js';
import type { JsonValue, Task, TaskSequenceStep } from '../../src/index.js';
import { randomGraph } from '../engine/graphs.js';
import type { Graph } from '../engine/graphs.js';
import { Lab } from '../support/lab.js';
import { Random } from '../support/random.js';
import { requestFor, workflow } from '../support/workflows.js';
import type { Workflow } from '../support/workflows.js';

jest.setTimeout(180_000);

const TASKS = 3;

/** What handlers saw of one task: which attempts began, and which steps gave a result, in the order in which they did. */
interface History {
  readonly begun: string[];
  readonly done: string[];
}

const RUNS = fc.oneof(
  fc.record({ size: fc.integer({ min: 1, max: 40 }), seed: fc.nat() }),
  fc.record({ size: fc.integer({ min: 100, max: 200 }), seed: fc.nat() }),
);

function templateOf(graph: Graph): Workflow {
  const steps = graph.map(({ name, dependencies }): [string, Record<string, unknown>] => [
    name,
    { dependencies, handler: { callable: 'work' }, retry: { max_attempts: 100, backoff: 'none' } },
  ]);
  return workflow('graph', Object.fromEntries(steps));
}

/** How many steps lie on the longest way to each: what the handlers compute, too. */
function depthsOf(graph: Graph): Record<string, number> {
  const depths: Record<string, number> = {};
  for (const { name, dependencies } of graph)
    depths[name] = 1 + Math.max(0, ...dependencies.map((parent) => depths[parent] ?? NaN));
  return depths;
}

class Workshop {
  readonly histories = new Map<string, History>();

  constructor(private readonly random: Random) {}

  readonly work = async (step: TaskSequenceStep): Promise<number> => {
    const { name } = step.workflowStep;
    const history = this.historyOf(step.task.taskUuid);
    history.begun.push(name);
    for (let turns = this.random.below(20); turns > 0; turns -= 1) await turn();
    const fate = this.random.below(20);
    if (fate === 0) throw new PermanentStepError('broken by chance');
    if (fate < 4) throw new Error('failed by chance');
    history.done.push(name);
    return 1 + Math.max(0, ...Object.values(step.dependencyResults).map(Number));
  };

  historyOf(taskUuid: string): History {
    const history = this.histories.get(taskUuid) ?? { begun: [], done: [] };
    this.histories.set(taskUuid, history);
    return history;
  }
}

async function runToTheEnd({ size, seed }: { size: number; seed: number }): Promise<void> {
  const random = new Random(seed);
  const graph = randomGraph(random, size);
  const of = templateOf(graph);
  const shop = new Workshop(random);
  const lab = await Lab.open(of);
  try {
    const crew = { handlers: { work: shop.work }, settings: { maxConcurrency: 1 + random.below(30) } };
    const { client } = await lab.worker(crew);
    await lab.worker(crew);
    const outcomes = await client.submitMany(Array.from({ length: TASKS }, () => requestFor(of)));
    for (const outcome of outcomes) {
      if ('error' in outcome) throw outcome.error;
      let task: Task = await client.waitFor(outcome.taskUuid);
      while (task.status === 'blocked_by_failures') {
        for (const { stepUuid } of task.steps.filter(({ state }) => state === 'error'))
          await client.resetStep(task.taskUuid, stepUuid, { reason: 'by chance', by: 'test' });
        task = await client.waitFor(task.taskUuid);
      }
      expectWhole(task, graph, shop.historyOf(task.taskUuid));
    }
  } finally {
    await lab.close();
  }
}

function expectWhole(task: Task, graph: Graph, { begun, done }: History): void {
  expect(task).toMatchObject({ status: 'complete', completedSteps: graph.length });
  expect(done.toSorted()).toEqual(graph.map(({ name }) => name).toSorted());
  expect(new Set(begun).size).toBe(graph.length);
  for (const { name, dependencies } of graph)
    for (const parent of dependencies) expect(done.indexOf(parent)).toBeLessThan(done.indexOf(name));
  const results = task.steps.map((step): [string, JsonValue] => [step.name, step.results?.result ?? null]);
  expect(Object.fromEntries(results)).toEqual(depthsOf(graph));
}

it('Tasks of any graph complete on two workers, each step once and after its parents, whatever fails meanwhile', async () => {
  await fc.assert(fc.asyncProperty(RUNS, runToTheEnd), { numRuns: 8, endOnFailure: true });
});
