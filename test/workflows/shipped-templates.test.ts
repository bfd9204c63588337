import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';

import { TemplateRegistry } from '../../src/templates/index.js';
import { Service } from './service.js';

// A busy machine is slow, not wrong.
jest.setTimeout(60_000);

let service: Service;

beforeAll(async () => {
  service = await Service.start();
});

afterAll(async () => {
  await service.stop();
});

const NUMBERS = { attempts: 3, backoff: 'exponential', base: 1000, cap: 30_000, timeout: 30, schema: true };

it.each([
  [
    'linear_workflow',
    'always_unique',
    ['linear_step_1', 'linear_step_2', 'linear_step_3', 'linear_step_4'],
    {},
  ],
  [
    'diamond_workflow',
    'always_unique',
    ['diamond_start', 'diamond_branch_b', 'diamond_branch_c', 'diamond_end'],
    {},
  ],
  [
    'tree_workflow',
    'always_unique',
    [
      'tree_root',
      'tree_branch_left',
      'tree_branch_right',
      'tree_leaf_d',
      'tree_leaf_e',
      'tree_leaf_f',
      'tree_leaf_g',
      'tree_final_convergence',
    ],
    { tree_final_convergence: { timeout: 45 } },
  ],
  [
    'mixed_dag_workflow',
    'always_unique',
    [
      'dag_init',
      'dag_process_left',
      'dag_process_right',
      'dag_validate',
      'dag_transform',
      'dag_analyze',
      'dag_finalize',
    ],
    { dag_finalize: { timeout: 45 } },
  ],
  [
    'order_fulfillment',
    'strict',
    ['validate_order', 'reserve_inventory', 'process_payment', 'ship_order'],
    {
      validate_order: { timeout: 45 },
      reserve_inventory: { timeout: 60 },
      process_payment: { timeout: 90, attempts: 2, base: 2000 },
      ship_order: { timeout: 60 },
    },
  ],
])(
  '%s has the identity, retries and timeouts that it is known for',
  (namespace, identity, names, special) => {
    const found = service.worker.app
      .get(TemplateRegistry)
      .list()
      .filter((template) => template.namespace === namespace);
    expect(found.map(({ version, identityStrategy }) => [version, identityStrategy])).toEqual([
      ['1.0.0', identity],
    ]);
    const steps = found.flatMap((template) => template.steps);
    const expected: Readonly<Record<string, object>> = special;
    expect(
      Object.fromEntries(
        steps.map(({ name, retry, timeoutSeconds, resultSchema }) => [
          name,
          {
            attempts: retry.maxAttempts,
            backoff: retry.backoff,
            base: retry.backoffBaseMs,
            cap: retry.maxBackoffMs,
            timeout: timeoutSeconds,
            schema: resultSchema !== null,
          },
        ]),
      ),
    ).toEqual(Object.fromEntries(names.map((name) => [name, { ...NUMBERS, ...expected[name] }])));
  },
);
