import { describe, expect, it } from '@jest/globals';

import { StepInput, templateGraph } from '../engine/index.js';
import type { ClaimedStep, RegisteredTemplate } from '../engine/index.js';
import { parseTemplate } from '../templates/index.js';
import { ForeignStepError, HandedSteps } from './handed-steps.js';
import type { EndedAttempt } from './handed-steps.js';

const TEMPLATE = parseTemplate(
  `
name: two_branches
namespace_name: tests
version: 1.0.0
steps:
  - { name: left, handler: { callable: h } }
  - { name: right, handler: { callable: h } }
  - { name: after_left, dependencies: [left], handler: { callable: h } }
  - { name: join, dependencies: [left, right], handler: { callable: h } }
`,
  'two_branches.yaml',
);
const GRAPH = templateGraph(TEMPLATE);
const REGISTERED: RegisteredTemplate = {
  templateId: 7,
  template: TEMPLATE,
  graph: GRAPH,
  steps: new Map(),
  checkContext: () => [],
};

function indexOf(name: string): number {
  return GRAPH.findIndex((step) => step.name === name);
}

function ended(
  taskUuid: string,
  name: string,
  resultJson: string,
  contextJson = '{"of":"task"}',
): EndedAttempt {
  const key = { taskUuid, stepIndex: indexOf(name), token: `${taskUuid}/${name}` };
  const claim: ClaimedStep = {
    ...key,
    templateId: 7,
    name,
    attempt: 3,
    lostCount: 1,
    leaseSeconds: 12,
    correlationId: `correlation of ${taskUuid}`,
    input: new StepInput(contextJson, '{}'),
  };
  return { claim, report: { ...key, outcome: 'succeeded', resultJson, metadataJson: 'null' } };
}

function handed(batch: readonly EndedAttempt[], maxInputBytes = 1_000): HandedSteps {
  return new HandedSteps(batch, (templateId) => (templateId === 7 ? REGISTERED : undefined), maxInputBytes);
}

describe('A step that was handed over', () => {
  it('is given the results of its parents, and what it shares with them, at its first attempt', () => {
    const steps = handed([ended('a', 'left', '[1]'), ended('b', 'left', '2'), ended('a', 'right', 'null')]);
    const join = steps.claim({ taskUuid: 'a', stepIndex: indexOf('join'), token: 't', parent: 2 });
    expect(join).toMatchObject({
      taskUuid: 'a',
      token: 't',
      templateId: 7,
      name: 'join',
      attempt: 1,
      lostCount: 0,
      leaseSeconds: 12,
      correlationId: 'correlation of a',
      input: { context: { of: 'task' } },
    });
    expect(join.input.results).toEqual({ left: [1], right: null });
    const afterLeft = steps.claim({ taskUuid: 'b', stepIndex: indexOf('after_left'), token: 'u', parent: 1 });
    expect(afterLeft.input.results).toEqual({ left: 2 });
  });

  it('shares no value with its parents, whatever their handlers do to theirs', () => {
    const parent = ended('a', 'left', '{"kept":true}');
    Object.assign(parent.claim.input.context, { of: 'a handler' });
    const step = handed([parent]).claim({
      taskUuid: 'a',
      stepIndex: indexOf('after_left'),
      token: 't',
      parent: 0,
    });
    expect(step.input.context).toEqual({ of: 'task' });
  });

  it('is left to the database where its input is too large', () => {
    const batch = [ended('a', 'left', '"äöü"'), ended('a', 'right', '[2]')];
    const join = { taskUuid: 'a', stepIndex: indexOf('join'), token: 't', parent: 0 };
    const bytes = Buffer.byteLength('{"of":"task"}"left":"äöü""right":[2]');
    expect(handed(batch, bytes).claim(join).input.results).toEqual({ left: 'äöü', right: [2] });
    expect(handed(batch, bytes - 1).claim(join).input).toMatchObject({ isDeferred: true, results: {} });
  });

  it.each([
    ['whose task is not in the batch', { taskUuid: 'c', stepIndex: 3, token: 't', parent: 0 }],
    ['whose place no parent has', { taskUuid: 'a', stepIndex: 2, token: 't', parent: 1 }],
    ['whose other parent is not in the batch', { taskUuid: 'a', stepIndex: 3, token: 't', parent: 0 }],
    ['that its template does not have', { taskUuid: 'a', stepIndex: 9, token: 't', parent: 0 }],
  ])('is refused where it is one %s', (_, key) => {
    expect(() => handed([ended('a', 'left', '1')]).claim(key)).toThrow(ForeignStepError);
  });
});
