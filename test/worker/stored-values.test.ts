import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';

import { Injectable } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import {
  DomainEventPublisher,
  OnDomainEvent,
  PermanentStepError,
  StepExecutionResult,
} from '../../src/index.js';
import type {
  DomainEvent,
  EventPublication,
  Task,
  TaskSequenceStep,
  TaskStep,
  WorkerHandle,
} from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { until } from '../support/until.js';
import { namespaceModule, requestFor, workflow } from '../support/workflows.js';
import type { Workflow } from '../support/workflows.js';
import { EXAMPLES } from './value-examples.js';

jest.setTimeout(120_000);

const REFUSED = 'refused';
const NOT_THERE = '–';
const DOCUMENT = new URL('../../docs/handlers.md', import.meta.url);

const channels = workflow('channels', {
  whole: {},
  inside: {},
  metadata: {},
  failing: {},
  publishing: {
    publishes_events: [{ name: 'value.made', delivery_mode: 'broadcast', publisher: 'value' }],
  },
});
const kept = workflow('kept', { whole: {} });
const unique = workflow('unique', { whole: {} }, { identity_strategy: 'strict' });
const dated = workflow(
  'dated',
  { whole: {} },
  {
    input_schema: { type: 'object', properties: { when: { type: 'string' } } },
  },
);
const shapeless = workflow('shapeless', { answers: {}, fails: {} });

/** What the handlers of `shapeless` give in the place of an object. */
let given: unknown;

/** The value that a task of `channels` is about. */
function valueOf(context: unknown): unknown {
  const { row, place } = Object(context);
  return EXAMPLES[String(row)]?.code?.()[Number(place)];
}

@DomainEventPublisher('value')
class ValuePublisher {
  payload({ context }: EventPublication): unknown {
    return { value: valueOf(context) };
  }
}

const fastEvents: DomainEvent[] = [];

@Injectable()
class FastSubscriber {
  @OnDomainEvent('value.made')
  onMade(event: DomainEvent): void {
    if (event.delivery === 'fast') fastEvents.push(event);
  }
}

function handlers(): Readonly<Record<string, (step: TaskSequenceStep) => unknown>> {
  return {
    whole: ({ context }) => valueOf(context),
    inside: ({ context }) => ({ member: valueOf(context), list: [valueOf(context)] }),
    metadata: ({ context }) => untyped(StepExecutionResult, 'success', 1, { value: valueOf(context) }),
    failing: ({ context }) => {
      throw Reflect.construct(PermanentStepError, ['no', { context: { value: valueOf(context) } }]);
    },
    publishing: () => 1,
    answers: () => untyped(StepExecutionResult, 'success', 1, given),
    fails: () => {
      throw Reflect.construct(PermanentStepError, ['no', { context: given }]);
    },
  };
}

/** As JavaScript may call it. */
function untyped(target: object, method: string, ...values: unknown[]): unknown {
  const call: (...given: unknown[]) => unknown = Reflect.get(target, method);
  return Reflect.apply(call, target, values);
}

let lab: Lab;
let worker: WorkerHandle;
let table: ReadonlyMap<string, { readonly code: string; readonly http: string }>;

beforeAll(async () => {
  table = readTable(await readFile(DOCUMENT, 'utf8'));
  lab = await Lab.open(channels, kept, unique, dated, shapeless);
  const feature = namespaceModule('lab', handlers());
  worker = await lab.worker({
    enableWebApi: true,
    imports: [{ ...feature, providers: [...(feature.providers ?? []), ValuePublisher, FastSubscriber] }],
  });
});

afterAll(() => lab.close());

/** The rows of the table by the text of their first cell: what the others say, without backticks. */
function readTable(text: string): typeof table {
  const [, section = ''] = text.split('\n## Values\n');
  const [rows = ''] = section.split('\n## ');
  return new Map(
    Array.from(
      rows.matchAll(/^\| (.+?) \| (.+?) \| (.+?) \|$/gm),
      ([, value = '', code = '', http = '']) =>
        [value.trim(), { code: cell(code), http: cell(http) }] as const,
    ).slice(2),
  );
}

function cell(text: string): string {
  return text.trim().replaceAll('`', '');
}

function rowOf(name: string): { readonly code: string; readonly http: string } {
  const found = [...table].find(([value]) => value.startsWith(name));
  if (found === undefined) throw new Error(`The table has no row "${name}"`);
  return found[1];
}

/** Equal in every way, also to code that looks at types and prototypes. */
function expectStored(actual: unknown, json: string): void {
  expect(JSON.stringify(actual)).toBe(json);
  expect(isDeepStrictEqual(actual, JSON.parse(json))).toBe(true);
}

function stepOf(task: Task, name: string): TaskStep {
  const step = task.steps.find((candidate) => candidate.name === name);
  if (step === undefined) throw new Error(`The task has no step "${name}"`);
  return step;
}

async function submitTo(of: Workflow, context: unknown): Promise<Task> {
  const request: unknown = { ...requestFor(of), context };
  const submitted = await untyped(worker.client, 'submit', request);
  return worker.client.get(String(Object(submitted).taskUuid));
}

async function completeUntyped(step: TaskStep, completion: unknown): Promise<Task> {
  const by = { reason: 'because', by: 'a test' };
  await untyped(worker.client, 'completeStep', step.taskUuid, step.stepUuid, completion, by);
  return worker.client.get(step.taskUuid);
}

async function fastPayload(taskUuid: string): Promise<unknown> {
  const event = await until('the fast event', () => fastEvents.find((one) => one.taskUuid === taskUuid));
  return event.payload;
}

describe('docs/handlers.md, its table of values', () => {
  it('has a row for each value that is tried here, and no other', () => {
    const names = Object.keys(EXAMPLES);
    expect([...table.keys()].map((row) => names.filter((name) => row.startsWith(name)))).toEqual(
      names.map((name) => [name]),
    );
  });

  it.each(Object.keys(EXAMPLES))('tells what becomes of %s from code', async (row) => {
    const { code: said } = rowOf(row);
    const values = EXAMPLES[row]?.code?.() ?? [];
    expect(values.length > 0).toBe(said !== NOT_THERE);
    for (const [place, value] of values.entries()) {
      const { taskUuid } = await worker.client.submit(requestFor(channels, { row, place }));
      const task = await worker.client.waitFor(taskUuid, { timeoutMs: 30_000 });
      if (said === REFUSED) await expectRefused(task, value);
      else await expectKept(task, value, said);
    }
  });

  it.each(Object.entries(EXAMPLES).filter(([, { http }]) => http !== undefined))(
    'tells what becomes of %s over HTTP',
    async (row, { http = [] }) => {
      const { http: said } = rowOf(row);
      for (const json of http) {
        const { namespace, name, version } = requestFor(kept);
        const head = JSON.stringify({ namespace, name, version }).slice(0, -1);
        const answer = await post(`${head},"context":{"value":${json}}}`);
        expect(answer.status).toBe(said === REFUSED ? 400 : 200);
        if (said !== REFUSED)
          expectStored((await worker.client.get(answer.body.task_uuid)).context['value'], said);
      }
    },
  );

  it('has a dash for what JSON text can’t say', () => {
    const silent = [...table].filter(([, { http }]) => http === NOT_THERE).map(([value]) => value);
    const untried = Object.keys(EXAMPLES).filter((name) => EXAMPLES[name]?.http === undefined);
    expect(silent.map((value) => untried.find((name) => value.startsWith(name)))).toEqual(untried);
  });
});

describe('A value that is read back as another', () => {
  const when = new Date('2031-05-05T12:00:00Z');

  it('is checked as what is stored: a Date against a schema for texts', async () => {
    expect(await submitTo(dated, { when })).toMatchObject({ context: { when: when.toISOString() } });
    await expect(submitTo(dated, { when: { toJSON: () => 5 } })).rejects.toMatchObject({
      violations: [{ path: 'context.when' }],
    });
  });

  it('is identified by what is stored: tasks for two dates are two tasks', async () => {
    await submitTo(unique, { when });
    await submitTo(unique, { when: new Date(0) });
    await expect(submitTo(unique, { when: when.toISOString() })).rejects.toMatchObject({
      code: 'DUPLICATE_TASK',
    });
  });
});

describe('What has to be an object', () => {
  it.each([
    ['a list', [1]],
    ['a text', 'text'],
    ['a Date', new Date(0)],
  ])('is refused as %s: metadata, and a context of a task or a failure', async (_, value) => {
    given = value;
    const { taskUuid } = await worker.client.submit(requestFor(shapeless));
    const task = await worker.client.waitFor(taskUuid, { timeoutMs: 30_000 });
    const [answers, fails] = [stepOf(task, 'answers'), stepOf(task, 'fails')];
    expect(answers.results).toMatchObject({
      metadata: { error_code: 'INVALID_RESULT' },
      error: { message: expect.stringMatching(/metadata: expected an object/) },
    });
    expect(fails.results?.error?.context).toEqual({ dropped: expect.stringMatching(/expected an object/) });
    const refusal = { code: 'INVALID_TASK_REQUEST', violations: [{ message: 'expected an object' }] };
    await expect(submitTo(kept, value)).rejects.toMatchObject(refusal);
    await expect(completeUntyped(fails, { result: 1, metadata: value })).rejects.toMatchObject(refusal);
  });
});

async function post(body: string) {
  const response = await fetch(new URL('/v1/tasks', worker.url ?? ''), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const answer: { readonly task_uuid: string } = JSON.parse(await response.text());
  return { status: response.status, body: answer };
}

async function expectRefused(task: Task, value: unknown): Promise<void> {
  for (const name of ['whole', 'inside', 'metadata'])
    expect(stepOf(task, name).results?.metadata.error_code).toBe('INVALID_RESULT');
  const [failing, publishing] = [stepOf(task, 'failing'), stepOf(task, 'publishing')];
  expect(failing.results?.error?.context).toEqual({ dropped: expect.stringMatching(/^the context\.value/) });
  expect(publishing.results?.error?.message).toMatch(
    /^The payload of event "value.made" does not fit: payload\.value/,
  );
  expect(publishing.results?.metadata.error_code).toBe('EVENT_SCHEMA');
  const violations = [{ path: expect.stringMatching(/^(context|result)\.value/) }];
  await expect(submitTo(kept, { value })).rejects.toMatchObject({ code: 'INVALID_TASK_REQUEST', violations });
  await expect(completeUntyped(failing, { result: { value } })).rejects.toMatchObject({ violations });
}

async function expectKept(task: Task, value: unknown, said: string): Promise<void> {
  const { taskUuid } = task;
  expectStored(stepOf(task, 'whole').results?.result, said);
  expectStored(stepOf(task, 'inside').results?.result, `{"member":${said},"list":[${said}]}`);
  expectStored(stepOf(task, 'metadata').results?.metadata.custom['value'], said);
  const failing = stepOf(task, 'failing');
  expectStored(failing.results?.error?.context['value'], said);
  expectStored(await fastPayload(taskUuid), `{"value":${said}}`);
  const [event] = await lab.rows('SELECT payload FROM tasker.domain_events WHERE task_uuid = $1', [taskUuid]);
  expectStored(event?.['payload'], `{"value":${said}}`);
  expectStored((await submitTo(kept, { value })).context['value'], said);
  const completed = await completeUntyped(failing, { result: value, metadata: { value } });
  expectStored(stepOf(completed, 'failing').results?.result, said);
  expectStored(stepOf(completed, 'failing').results?.metadata.custom['value'], said);
}
