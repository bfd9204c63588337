import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { createTestDatabase } from '../support/postgres-server.js';
import type { TestDatabase } from '../support/postgres-server.js';
import { Program } from '../support/program.js';
import { SAMPLE_ORDER, shippedBy } from '../workflows/orders.js';
import { ServiceProcess } from './service-process.js';

jest.setTimeout(120_000);

/** The way in and out is text: what is compared is its digits, before anybody makes numbers of them. */
const RESULT = /"step_uuid":"[^"]*","success":true,"result":(.*?),"metadata":/;

/** A run of a documented example, and what the document says that it prints. */
const DOCUMENTED_RUN = /run (\w+) (\w+) '([^']*)'\n```\n\n```text\n([\s\S]*?)```/g;

let database: TestDatabase;
let service: ServiceProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await ServiceProcess.start({ DATABASE_URL: database.url });
});

afterAll(async () => {
  await Program.killAll();
  await database.drop();
});

async function text(path: string, body?: object): Promise<string> {
  const response = await fetch(new URL(path, service.url), {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  const answer = await response.text();
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${answer}`);
  return answer;
}

/** Runs a task to its end; answers with its status, and the results of its steps as they are written in the answer. */
async function run(namespace: string, name: string, context: object): Promise<readonly string[]> {
  const submitted = await text('/v1/tasks', { namespace, name, version: '1.0.0', context });
  const { task_uuid: uuid }: { readonly task_uuid: string } = JSON.parse(submitted);
  const ended = await text(`/v1/tasks/${uuid}?wait_seconds=60`);
  const { status }: { readonly status: string } = JSON.parse(ended);
  const steps: readonly { readonly step_uuid: string; readonly name: string }[] = JSON.parse(
    await text(`/v1/tasks/${uuid}/workflow_steps`),
  );
  const results = steps.map(async (step) => {
    const answer = await text(`/v1/tasks/${uuid}/workflow_steps/${step.step_uuid}`);
    return `${step.name} ${RESULT.exec(answer)?.[1]}`;
  });
  return [status, ...(await Promise.all(results))];
}

describe('Through the REST API of a service that was just started', () => {
  it.each([
    [6, [36, 46, 138, 69]],
    [8, [64, 74, 222, 111]],
    [10, [100, 110, 330, 165]],
  ])('the linear sequence of %i has the sample’s digits', async (n, results) => {
    expect(await run('linear_workflow', 'mathematical_sequence', { even_number: n })).toEqual([
      'complete',
      ...results.map((result, index) => `linear_step_${index + 1} ${result}`),
    ]);
  });

  it.each([
    [4, '16', '256', '4294967296'],
    [6, '36', '1296', '2821109907456'],
    [8, '64', '4096', '281474976710656'],
    [100, '10000', '100000000', '"100000000000000000000000000000000"'],
  ])('the diamond of %i has the sample’s digits', async (n, start, branch, end) => {
    expect(await run('diamond_workflow', 'diamond_pattern', { even_number: n })).toEqual([
      'complete',
      `diamond_start ${start}`,
      `diamond_branch_b ${branch}`,
      `diamond_branch_c ${branch}`,
      `diamond_end ${end}`,
    ]);
  });

  it.each([
    [2, '4', '16', '256', '"18446744073709551616"'],
    [6, '36', '1296', '1679616', '"63340286662973277706162286946811886609896461828096"'],
  ])('the tree of %i has the sample’s digits', async (n, root, branch, leaf, end) => {
    expect(await run('tree_workflow', 'hierarchical_tree', { even_number: n })).toEqual([
      'complete',
      `tree_root ${root}`,
      `tree_branch_left ${branch}`,
      `tree_branch_right ${branch}`,
      ...['d', 'e', 'f', 'g'].map((name) => `tree_leaf_${name} ${leaf}`),
      `tree_final_convergence ${end}`,
    ]);
  });

  it('the mixed graph of 6 has the sample’s digits', async () => {
    expect(await run('mixed_dag_workflow', 'complex_dag', { even_number: 6 })).toEqual([
      'complete',
      'dag_init 36',
      'dag_process_left 1296',
      'dag_process_right 1296',
      'dag_validate 2821109907456',
      'dag_transform 1679616',
      'dag_analyze 1679616',
      'dag_finalize "63340286662973277706162286946811886609896461828096"',
    ]);
  });

  it.each([
    ['standard', SAMPLE_ORDER, '10.24'],
    ['express', { ...SAMPLE_ORDER, ...shippedBy('express') }, '16.25'],
  ])('the sample order by %s has the sample’s amounts', async (_, context, shipping) => {
    const [status, validated, reserved, paid, shipped] = await run(
      'order_fulfillment',
      'business_workflow',
      context,
    );
    expect(status).toBe('complete');
    expect(validated).toContain('"order_total":209.97,');
    expect(reserved).toContain('"total_reserved_value":209.97,');
    expect(paid).toContain('"amount_charged":209.97,');
    expect(paid).toContain('"gateway_fee":6.09,');
    expect(shipped).toContain(`"shipping_cost":${shipping},`);
  });

  it('what docs/examples.md runs prints what it says', async () => {
    const document = await readFile(join(import.meta.dirname, '../../docs/examples.md'), 'utf8');
    const runs = [...document.matchAll(DOCUMENTED_RUN)];
    expect(runs).toHaveLength(4);
    for (const [, namespace = '', name = '', context = '', printed = ''] of runs) {
      expect(`${(await run(namespace, name, JSON.parse(context))).join('\n')}\n`).toBe(printed);
    }
  });
});
