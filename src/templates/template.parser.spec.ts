import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compileSchema, parseTemplate, TemplateError } from './index.js';
import { firstStep, parse, template, withStep } from './template-text.fixture.js';

describe('a parsed template', () => {
  it('tells all of its problems at once, in the order of the text, with line and column', () => {
    const text = [
      'name: Pay',
      'namespace_name: shop',
      'version: 1.0',
      'steps:',
      '  - name: a',
      '    handler:',
    ];
    text.push('      callable: x', '    retry:', '      backoff: linar', '    depends_on: [b]', '  - nam: b');
    const caught = ((): unknown => {
      try {
        return parse(text.join('\n'));
      } catch (error) {
        return error;
      }
    })();
    if (!(caught instanceof TemplateError)) throw new Error('expected a TemplateError');
    expect(caught.code).toBe('TEMPLATE_INVALID');
    expect(caught.problems.map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
      '1:7 name',
      '3:10 version',
      '9:16 steps[0].retry.backoff',
      '10:18 steps[0].depends_on[0]',
      '11:5 steps[1].name',
      '11:5 steps[1].handler',
      '11:5 steps[1].nam',
    ]);
    expect(caught.message).toContain('\n  pay.yaml:9:16 steps[0].retry.backoff: expected one of none,');
  });

  it('is frozen through and through', () => {
    const parsed = parse(withStep({ handler: { callable: 'x', initialization: { a: { b: [{}] } } } }));
    const thawed: unknown[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) thawed.push(value);
      Object.values(value).forEach(visit);
    };
    visit(parsed);
    expect(thawed).toEqual([]);
  });

  it('keeps a key called __proto__ as data', () => {
    const settings = '{"__proto__": {"admin": true}, "deep": {"__proto__": {"admin": true}}}';
    const { initialization } = firstStep(
      template().replace('"callable"', `"initialization": ${settings}, "callable"`),
    ).handler;
    expect(JSON.stringify(initialization)).toBe(settings.replaceAll(' ', ''));
    expect('admin' in initialization).toBe(false);
  });
});

describe('the example mathematical_sequence', () => {
  const path = 'config/tasks/linear_workflow/mathematical_sequence.yaml';
  const example = parseTemplate(readFileSync(path, 'utf8'), path);

  it('is four steps in a row with the constants that the arithmetic needs', () => {
    expect(example).toMatchObject({
      namespace: 'linear_workflow',
      name: 'mathematical_sequence',
      version: '1.0.0',
      identityStrategy: 'always_unique',
    });
    expect(example.steps.map((step) => [step.name, step.handler.callable, step.dependencies])).toEqual([
      ['linear_step_1', 'linear_step_1', []],
      ['linear_step_2', 'linear_step_2', ['linear_step_1']],
      ['linear_step_3', 'linear_step_3', ['linear_step_2']],
      ['linear_step_4', 'linear_step_4', ['linear_step_3']],
    ]);
    expect(example.steps.map((step) => step.handler.initialization)).toEqual([
      {},
      { constant: 10 },
      { factor: 3 },
      { divisor: 2 },
    ]);
    for (const { retry, timeoutSeconds } of example.steps) {
      expect(timeoutSeconds).toBe(30);
      expect(Object.values(retry)).toEqual([true, 3, 'exponential', 1000, 30_000]);
    }
  });

  it('takes an even number from 2 to 100, and fields of the client beside it', () => {
    const check = compileSchema(example.inputSchema ?? {});
    expect([2, 100].map((even_number) => check({ even_number, run: 'x' }))).toEqual([[], []]);
    for (const bad of [0, 7, 102, 6.5, '6', null]) {
      expect(check({ even_number: bad }, 'context')[0]?.path).toBe('context.even_number');
    }
    expect(check({}, 'context')).toEqual([{ path: 'context.even_number', message: 'is required' }]);
  });
});
