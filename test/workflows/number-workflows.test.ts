import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { InvalidTaskRequestError } from '../../src/index.js';
import type { JsonObject, Task } from '../../src/index.js';
import { DERIVED, DerivedTemplates } from './derived-templates.js';
import { failureOf, resultsOf, Service, stepOf } from './service.js';

// A busy machine is slow, not wrong.
jest.setTimeout(60_000);

interface Workflow {
  readonly namespace: string;
  readonly name: string;
}

const LINEAR = { namespace: 'linear_workflow', name: 'mathematical_sequence' };
const DIAMOND = { namespace: 'diamond_workflow', name: 'diamond_pattern' };
const TREE = { namespace: 'tree_workflow', name: 'hierarchical_tree' };
const MIXED = { namespace: 'mixed_dag_workflow', name: 'complex_dag' };

/** Their first step, one that waits for it, their last step, and the ones that it waits for. */
const WORKFLOWS = [
  {
    ...LINEAR,
    first: 'linear_step_1',
    next: 'linear_step_2',
    last: 'linear_step_4',
    parents: ['linear_step_3'],
  },
  {
    ...DIAMOND,
    first: 'diamond_start',
    next: 'diamond_branch_c',
    last: 'diamond_end',
    parents: ['diamond_branch_b', 'diamond_branch_c'],
  },
  {
    ...TREE,
    first: 'tree_root',
    next: 'tree_branch_left',
    last: 'tree_final_convergence',
    parents: ['tree_leaf_d', 'tree_leaf_e', 'tree_leaf_f', 'tree_leaf_g'],
  },
  {
    ...MIXED,
    first: 'dag_init',
    next: 'dag_process_right',
    last: 'dag_finalize',
    parents: ['dag_validate', 'dag_transform', 'dag_analyze'],
  },
];

let templates: DerivedTemplates;
let service: Service;

beforeAll(async () => {
  templates = await DerivedTemplates.of(...WORKFLOWS.map(({ namespace, name }) => `${namespace}/${name}`));
  service = await Service.start({ settings: { templatePaths: [templates.path] } });
});

afterAll(async () => {
  await service.stop();
  await templates.remove();
});

async function run({ namespace, name }: Workflow, context: JsonObject, version = '1.0.0'): Promise<Task> {
  const { taskUuid } = await service.client.submit({ namespace, name, version, context });
  return service.settled(taskUuid);
}

describe('exact results', () => {
  it.each([
    [2, 4, 14, 42, 21],
    [4, 16, 26, 78, 39],
    [6, 36, 46, 138, 69],
    [8, 64, 74, 222, 111],
    [10, 100, 110, 330, 165],
    [100, 10_000, 10_010, 30_030, 15_015],
  ])('linear sequence of %i', async (n, first, second, third, fourth) => {
    const task = await run(LINEAR, { even_number: n });
    expect(task.status).toBe('complete');
    expect(resultsOf(task)).toEqual({
      linear_step_1: first,
      linear_step_2: second,
      linear_step_3: third,
      linear_step_4: fourth,
    });
  });

  it.each([
    [2, 4, 16, 65_536],
    [4, 16, 256, 4_294_967_296],
    [6, 36, 1296, 2_821_109_907_456],
    [8, 64, 4096, 281_474_976_710_656],
    [10, 100, 10_000, '10000000000000000'],
    [100, 10_000, 100_000_000, '100000000000000000000000000000000'],
  ])('diamond of %i', async (n, start, branch, end) => {
    const task = await run(DIAMOND, { even_number: n });
    expect(task.status).toBe('complete');
    expect(resultsOf(task)).toEqual({
      diamond_start: start,
      diamond_branch_b: branch,
      diamond_branch_c: branch,
      diamond_end: end,
    });
  });

  it.each([
    [2, 4, 16, 256, '18446744073709551616'],
    [6, 36, 1296, 1_679_616, '63340286662973277706162286946811886609896461828096'],
    [8, 64, 4096, 16_777_216, (8n ** 64n).toString()],
    [100, 10_000, 100_000_000, '10000000000000000', `1${'0'.repeat(128)}`],
  ])('tree of %i', async (n, root, branch, leaf, end) => {
    const task = await run(TREE, { even_number: n });
    expect(task.status).toBe('complete');
    expect(resultsOf(task)).toEqual({
      tree_root: root,
      tree_branch_left: branch,
      tree_branch_right: branch,
      tree_leaf_d: leaf,
      tree_leaf_e: leaf,
      tree_leaf_f: leaf,
      tree_leaf_g: leaf,
      tree_final_convergence: end,
    });
  });

  it.each([
    [2, 4, 16, 65_536, 256, '18446744073709551616'],
    [6, 36, 1296, 2_821_109_907_456, 1_679_616, '63340286662973277706162286946811886609896461828096'],
    [100, 10_000, 100_000_000, `1${'0'.repeat(32)}`, '10000000000000000', `1${'0'.repeat(128)}`],
  ])('mixed graph of %i', async (n, init, side, validated, single, end) => {
    const task = await run(MIXED, { even_number: n });
    expect(task.status).toBe('complete');
    expect(resultsOf(task)).toEqual({
      dag_init: init,
      dag_process_left: side,
      dag_process_right: side,
      dag_validate: validated,
      dag_transform: single,
      dag_analyze: single,
      dag_finalize: end,
    });
  });
});

describe.each(WORKFLOWS)('$namespace', ({ namespace, name, first, next, last, parents }) => {
  const workflow = { namespace, name };

  it('keeps beside each result how it came about, and sums up at the end', async () => {
    const task = await run(workflow, { even_number: 6, run_id: 'clients may add fields' });
    for (const step of task.steps) {
      expect(step.results?.metadata.custom).toMatchObject({
        operation: expect.stringMatching(/^(square|add|multiply|divide|multiply_and_square)$/),
        step_type: expect.stringMatching(/^(initial|branch|leaf|intermediate|convergence|final)$/),
        input_refs: expect.anything(),
      });
    }
    const results = resultsOf(task);
    expect(stepOf(task, last).results?.metadata.custom).toMatchObject({
      step_type: 'final',
      input_refs: Object.fromEntries(parents.map((parent) => [parent, `dependencies.${parent}`])),
      workflow_summary: {
        final_result: results[last],
        step_progression: results,
        total_steps_executed: task.totalSteps,
      },
    });
  });

  it('runs twice with the same number', async () => {
    const runs = [await run(workflow, { even_number: 4 }), await run(workflow, { even_number: 4 })];
    expect(runs.map(({ status }) => status)).toEqual(['complete', 'complete']);
    expect(new Set(runs.map(({ taskUuid }) => taskUuid)).size).toBe(2);
  });

  it.each([{}, { even_number: 'six' }, { even_number: 7 }, { even_number: 0 }, { even_number: 102 }])(
    'refuses %j at submit, with the path of the field',
    async (context: JsonObject) => {
      const submitted = service.client.submit({ ...workflow, version: '1.0.0', context });
      await expect(submitted).rejects.toThrow(InvalidTaskRequestError);
      await expect(submitted).rejects.toThrow(/context.*even_number/);
    },
  );

  it.each([
    [{ even_number: 'six' }, 'MISSING_CONTEXT_FIELD', 'The context has no number "even_number"'],
    [{ even_number: 7 }, 'VALIDATION_ERROR', 'Number must be even'],
  ])('fails its first step for good with %j, come in another way', async (context, code, message) => {
    const task = await run(workflow, context, DERIVED);
    expect(task.status).toBe('blocked_by_failures');
    expect(failureOf(task, first)).toEqual({
      state: 'error',
      attempts: 1,
      code,
      type: 'ValidationError',
      retryable: false,
    });
    expect(stepOf(task, first).results?.error?.message).toBe(message);
  });

  it('misses a result that was resolved by hand', async () => {
    const blocked = await run(workflow, {}, DERIVED);
    const { taskUuid, stepUuid } = stepOf(blocked, first);
    await service.client.resolveStep(taskUuid, stepUuid, { reason: 'the number is lost', by: 'test' });
    expect(failureOf(await service.settled(taskUuid), next)).toEqual({
      state: 'error',
      attempts: 1,
      code: 'MISSING_DEPENDENCY',
      type: 'DependencyError',
      retryable: false,
    });
  });
});
