import { describe, expect, it } from '@jest/globals';
import { parseTemplate, TemplateError } from './index.js';

function problemsOf(
  ...steps: readonly (readonly [name: string, ...dependencies: string[]])[]
): readonly string[] {
  const template = {
    name: 'pay',
    namespace_name: 'shop',
    version: '1.0.0',
    steps: steps.map(([name, ...dependencies]) => ({ name, handler: { callable: 'x' }, dependencies })),
  };
  try {
    parseTemplate(JSON.stringify(template), 'pay.yaml');
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe("a template's graph", () => {
  it('may declare a step before the ones that it depends on', () => {
    expect(problemsOf(['b', 'a'], ['a'])).toEqual([]);
  });

  it('is refused if two steps have one name', () => {
    expect(problemsOf(['a'], ['b'], ['a'])).toEqual([
      'steps[2].name: step names are unique; "a" is steps[0] already',
    ]);
  });

  it('is refused if a dependency does not exist, with the step that may be meant', () => {
    expect(problemsOf(['reserve'], ['pay', 'resreve', 'zzz'])).toEqual([
      'steps[1].dependencies[0]: no step is called "resreve", did you mean "reserve"?',
      'steps[1].dependencies[1]: no step is called "zzz"',
    ]);
  });

  it('is refused if a step names a dependency twice, or itself', () => {
    expect(problemsOf(['a'], ['b', 'a', 'a', 'b'])).toEqual([
      'steps[1].dependencies[1]: "a" is given twice',
      'steps[1].dependencies[2]: step "b" depends on itself',
    ]);
  });

  it('is refused if its steps wait for each other, at the dependency that closes the circle', () => {
    expect(problemsOf(['start'], ['a', 'start', 'c'], ['b', 'a'], ['c', 'b'])).toEqual([
      'steps[1].dependencies[1]: steps wait for each other in a circle: a -> b -> c -> a',
    ]);
  });
});
