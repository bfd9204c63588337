import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { generateTemplateTypes } from '../../src/cli/types/template-types.generator.js';
import { parseTemplate } from '../../src/templates/index.js';
import { typeErrors } from './type-checker.js';

jest.setTimeout(180_000);

const TEMPLATE = join(import.meta.dirname, '../../config/tasks/linear_workflow/mathematical_sequence.yaml');

/** A handler of linear_step_2 with this in its method. */
function handler(body: string, dependencies = 'LinearStep2Dependencies'): string {
  return `import type { StepHandlerContract, TaskSequenceStep } from '../../src/worker/index.js';
import type { LinearStep2Dependencies, LinearStep2Result, LinearStep3Dependencies, MathematicalSequenceContext } from './mathematical-sequence.types.js';

export type Unused = LinearStep3Dependencies;

export class LinearStep2Handler
  implements StepHandlerContract<MathematicalSequenceContext, LinearStep2Result, LinearStep2Dependencies>
{
  call(step: TaskSequenceStep<MathematicalSequenceContext, ${dependencies}>): LinearStep2Result {
    ${body}
  }
}
`;
}

describe('a handler that is written against generated types', () => {
  const handlers = {
    good: handler(`const before = step.dependency('linear_step_1');
    return typeof before === 'number' ? before + step.context.even_number : before;`),
    'unknown dependency': handler(`return step.dependency('linear_step_3');`),
    'unknown dependency result': handler(`return step.dependencyResults.linear_step_3 ?? 1;`),
    'dependencies of another step': handler(
      `return step.dependency('linear_step_2');`,
      'LinearStep3Dependencies',
    ),
    'unknown context field': handler(`return step.context.odd_number;`),
    'wrong type of context field': handler(`return step.context.even_number.length;`),
    'wrong use of a dependency': handler(`return step.dependency('linear_step_1') * 2;`),
    'wrong result': handler(`return step.context.even_number > 2;`),
  };
  let errors: ReadonlyMap<string, readonly string[]>;

  beforeAll(async () => {
    const template = parseTemplate(await readFile(TEMPLATE, 'utf8'), TEMPLATE);
    const files = Object.entries(handlers).map(([name, text]) => [`${name}.ts`, text]);
    errors = typeErrors({
      'mathematical-sequence.types.ts': generateTemplateTypes(template),
      ...Object.fromEntries(files),
    });
  });

  it('compiles', () => {
    expect(errors.get('mathematical-sequence.types.ts')).toEqual([]);
    expect(errors.get('good.ts')).toEqual([]);
  });

  it.each<readonly [keyof typeof handlers, RegExp]>([
    ['unknown dependency', /'"linear_step_3"' is not assignable to parameter of type '"linear_step_1"'/],
    ['unknown dependency result', /Property 'linear_step_3' does not exist on type/],
    ['dependencies of another step', /Property 'call' in type 'LinearStep2Handler' is not assignable/],
    ['unknown context field', /Property 'odd_number' does not exist on type 'MathematicalSequenceContext'/],
    ['wrong type of context field', /Property 'length' does not exist on type 'number'/],
    ['wrong use of a dependency', /left-hand side of an arithmetic operation must be of type/],
    ['wrong result', /Type 'boolean' is not assignable to type 'LinearStep2Result'/],
  ])('does not compile with: %s', (name, message) => {
    expect(errors.get(`${name}.ts`)).toEqual([expect.stringMatching(message)]);
  });
});
