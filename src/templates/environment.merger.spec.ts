import { describe, expect, it } from '@jest/globals';
import { applyEnvironment, parseTemplate, TemplateError, type TaskTemplate } from './index.js';

function template(environments: unknown, keys: Record<string, unknown> = {}): TaskTemplate {
  const steps = [
    {
      name: 'a',
      handler: { callable: 'A', initialization: { url: 'live', deep: { x: 1, y: 2 } } },
      timeout_seconds: 30,
    },
    { name: 'b', handler: { callable: 'B' }, retry: { backoff_base_ms: 5000, max_backoff_ms: 6000 } },
  ];
  const text = { name: 'pay', namespace_name: 'shop', version: '1.0.0', steps, environments, ...keys };
  return parseTemplate(JSON.stringify(text), 'pay.yaml');
}

function problemsOf(environments: unknown): readonly string[] {
  try {
    template(environments);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe('an environment', () => {
  it('changes nothing where the template does not name it, or says nothing for it', () => {
    const loaded = template({ test: { task_handler: null, steps: [] }, empty: null });
    expect(applyEnvironment(loaded, 'production')).toBe(loaded);
    expect(applyEnvironment(loaded, 'toString')).toBe(loaded);
    expect(applyEnvironment(loaded, 'test')).toEqual(loaded);
    expect(applyEnvironment(loaded, 'empty')).toEqual(loaded);
  });

  it('overrides settings, timeout and retry of one step key by key', () => {
    const override = {
      name: 'a',
      handler: { initialization: { url: 'sandbox', deep: { x: 3 }, none: null } },
      timeout_seconds: 5,
      retry: { max_attempts: 1, retryable: false, backoff: 'none' },
    };
    const applied = applyEnvironment(template({ test: { steps: [override] } }), 'test');
    expect(applied.steps[0]).toMatchObject({ handler: { callable: 'A' }, timeoutSeconds: 5 });
    expect(applied.steps[0]?.handler.initialization).toEqual({ url: 'sandbox', deep: { x: 3 }, none: null });
    expect(applied.steps[0]?.retry).toEqual({
      retryable: false,
      maxAttempts: 1,
      backoff: 'none',
      backoffBaseMs: 1000,
      maxBackoffMs: 30_000,
    });
    expect(applied.steps[1]).toEqual(template({}).steps[1]);
  });

  it('overrides ALL steps first, then the named ones, each in the order of the file', () => {
    const steps = [
      { name: 'b', timeout_seconds: 7, handler: { initialization: { from: 'b', only: 1 } } },
      { name: 'ALL', timeout_seconds: 8, handler: { initialization: { from: 'ALL', all: 1 } } },
      { name: 'ALL', timeout_seconds: 9 },
      { name: 'b', retry: { limit: 0 } },
    ];
    const [a, b] = applyEnvironment(template({ test: { steps } }), 'test').steps;
    expect(a?.timeoutSeconds).toBe(9);
    expect(a?.handler.initialization).toMatchObject({ from: 'ALL', all: 1, url: 'live' });
    expect(b?.timeoutSeconds).toBe(7);
    expect(b?.handler.initialization).toEqual({ from: 'b', all: 1, only: 1 });
    expect(b?.retry.maxAttempts).toBe(0);
  });

  it("merges the task handler's settings, also where the template has none", () => {
    const environments = { test: { task_handler: { initialization: { b: 2 } } } };
    const withHandler = template(environments, {
      task_handler: { callable: 'T', initialization: { a: 1, b: 1 } },
    });
    expect(applyEnvironment(withHandler, 'test').taskHandler).toEqual({
      callable: 'T',
      initialization: { a: 1, b: 2 },
    });
    expect(applyEnvironment(template(environments), 'test').taskHandler).toEqual({
      callable: null,
      initialization: { b: 2 },
    });
  });

  it('leaves the loaded template, its hash and its overrides as they are, and freezes the result', () => {
    const loaded = template({ test: { steps: [{ name: 'ALL', timeout_seconds: 1 }] } });
    const applied = applyEnvironment(loaded, 'test');
    expect(loaded.steps[0]?.timeoutSeconds).toBe(30);
    expect(applied.contentHash).toBe(loaded.contentHash);
    expect(applied.environments).toBe(loaded.environments);
    expect(Object.isFrozen(applied.steps[0]?.handler.initialization)).toBe(true);
    expect(applyEnvironment(applied, 'test')).toEqual(applied);
  });

  it.each<readonly [unknown, string]>([
    [{ name: 'c' }, 'steps[0].name: no step is called "c" (ALL means every step)'],
    [{ name: 'all' }, 'did you mean "ALL"?'],
    [{ timeout_seconds: 1 }, 'steps[0].name: is required'],
    [{ name: 'a', timeout_seconds: 0 }, 'steps[0].timeout_seconds: expected an integer from 1 to 86400'],
    [{ name: 'a', retry: { limit: 101 } }, 'steps[0].retry.limit: expected an integer from 0 to 100'],
    [{ name: 'a', retry: { retryable: 1 } }, 'steps[0].retry.retryable: expected true or false'],
    [{ name: 'a', retry: { backoff: 'x' } }, 'steps[0].retry.backoff: expected one of'],
    [{ name: 'a', retry: { max_retries: 1 } }, 'steps[0].retry.max_retries: unknown key'],
    [{ name: 'a', dependencies: [] }, 'steps[0].dependencies: unknown key'],
    [{ name: 'a', handler: { callable: 'X' } }, 'steps[0].handler.callable: unknown key'],
    [{ name: 'a', handler: { initialization: 1 } }, 'steps[0].handler.initialization: expected a map'],
    [
      { name: 'b', retry: { max_backoff_ms: 1 } },
      'steps[0]: merged into step "b": expected max_backoff_ms to be at least',
    ],
    [
      { name: 'ALL', retry: { backoff_base_ms: 40_000 } },
      'steps[0]: merged into step "a": expected max_backoff_ms',
    ],
  ])('is checked when the template loads, whichever is active: %j', (override, problem) => {
    const problems = problemsOf({ staging: { steps: [override] } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('environments.staging.');
    expect(problems[0]).toContain(problem);
  });

  it('may set the two backoff bounds in two overrides, as long as the outcome fits', () => {
    const steps = [
      { name: 'ALL', retry: { backoff_base_ms: 40_000 } },
      { name: 'ALL', retry: { max_backoff_ms: 50_000 } },
    ];
    expect(problemsOf({ test: { steps } })).toEqual([]);
  });

  it('has no keys but task_handler and steps', () => {
    expect(problemsOf({ test: { step: [] } })).toEqual([
      'environments.test.step: unknown key "step", did you mean "steps"?',
    ]);
  });
});
