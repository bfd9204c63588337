import { describe, expect, it } from '@jest/globals';
import { parseTemplate, restoreTemplate, templateDefinition, TemplateError } from './index.js';
import { hash, parse, STEP, template, withStep, withValue } from './template-text.fixture.js';

describe('the content hash', () => {
  const base = withStep({
    handler: { callable: 'x', initialization: { a: 1, b: 2 } },
    retry: { max_attempts: 3 },
  });

  it('does not depend on spelling, order of keys, comments, nulls, defaults or file name', () => {
    const other = [
      '# a comment',
      ':steps:',
      '  - {handler: {initialization: {b: 2, a: 1}, callable: "x"}, ":name": first, depends_on: ~, retry: {limit: 3}}',
      'version: 1.0.0',
      'namespace_name: shop',
      'name: pay',
      'loaded_from: /elsewhere.yaml',
    ].join('\n');
    expect(parseTemplate(other, 'other.yaml').contentHash).toBe(hash(base));
  });

  it.each<readonly [string, unknown]>([
    ['name', 'pay2'],
    ['namespace_name', 'shop2'],
    ['version', '1.0.1'],
    ['description', 'x'],
    ['metadata.notes', 'x'],
    ['metadata.tags', ['x']],
    ['system_dependencies.primary', 'x'],
    ['system_dependencies.secondary', ['x']],
    ['task_handler.callable', 'x'],
    ['task_handler.initialization.a', 1],
    ['input_schema', { type: 'object' }],
    ['identity_strategy', 'always_unique'],
    ['steps[0].name', 'x'],
    ['steps[0].description', 'x'],
    ['steps[0].system_dependency', 'x'],
    ['steps[0].handler.callable', 'y'],
    ['steps[0].handler.method', 'x'],
    ['steps[0].handler.resolver', 'x'],
    ['steps[0].handler.initialization.a', 2],
    ['steps[0].retry.retryable', false],
    ['steps[0].retry.max_attempts', 4],
    ['steps[0].retry.backoff', 'linear'],
    ['steps[0].retry.backoff_base_ms', 1],
    ['steps[0].retry.max_backoff_ms', 1001],
    ['steps[0].timeout_seconds', 5],
    ['steps[0].result_schema', { type: 'object' }],
    ['environments.test.steps', [{ name: 'ALL', timeout_seconds: 5 }]],
    ['environments.test.steps', [{ name: 'ALL', retry: { limit: 5 } }]],
    ['environments.test.task_handler.initialization', { a: 1 }],
  ])('changes with %s', (path, value) => {
    const changed = JSON.stringify(withValue(JSON.parse(base), path, value));
    expect(hash(changed)).not.toBe(hash(base));
  });

  it('changes with the dependencies of a step', () => {
    const second = { name: 'second', handler: { callable: 'x' } };
    const dependent = { ...second, dependencies: ['first'] };
    expect(hash(template({ steps: [STEP, dependent] }))).not.toBe(hash(template({ steps: [STEP, second] })));
  });
});

describe('a stored definition', () => {
  it('gives the same template back when its file is gone', () => {
    const full = parse(
      template({
        description: 'd',
        metadata: { author: 'a', tags: ['t'] },
        system_dependencies: { primary: 'p', secondary: ['s'] },
        loaded_from: '/x',
        task_handler: { callable: 'c', initialization: { deep: [{ a: null }] } },
        input_schema: {
          $schema: 'https://json-schema.org/draft/2020-12/schema',
          prefixItems: [{ type: 'integer' }],
        },
        identity_strategy: 'caller_provided',
        steps: [
          {
            ...STEP,
            retry: { backoff: 'none', limit: 0, retryable: false },
            timeout_seconds: 7,
            result_schema: {},
          },
          {
            name: 'b',
            handler: { callable: 'B', method: 'm', resolver: 'r', initialization: { k: ['v'] } },
            depends_on: ['first'],
          },
        ],
        environments: {
          test: {
            task_handler: { initialization: { a: 1 } },
            steps: [{ name: 'b', retry: { retryable: true } }],
          },
          empty: { steps: [] },
        },
      }),
    );
    const stored: unknown = JSON.parse(JSON.stringify(templateDefinition(full)));
    expect(stored).toEqual(templateDefinition(full));
    expect(restoreTemplate(templateDefinition(full), full.contentHash, full.file)).toEqual(full);
  });

  it('is refused when it is no template', () => {
    expect(() => restoreTemplate({ name: 'x' }, 'hash')).toThrow(TemplateError);
  });
});
