import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { findCycle, topologicalOrder, type GraphStep } from './index.js';

function steps(graph: Readonly<Record<string, readonly string[]>>): readonly GraphStep[] {
  return Object.entries(graph).map(([name, dependencies]) => ({ name, dependencies }));
}

function names(ordered: readonly GraphStep[]): readonly string[] {
  return ordered.map((step) => step.name);
}

/** Steps that depend only on lower numbers, declared in any order. */
const dag = fc
  .array(fc.array(fc.nat()), { minLength: 1, maxLength: 40 })
  .map((picks) =>
    picks.map((pick, index): GraphStep => ({
      name: `s${index}`,
      dependencies: index === 0 ? [] : [...new Set(pick.map((number) => `s${number % index}`))],
    })),
  )
  .chain((ordered) => fc.shuffledSubarray(ordered, { minLength: ordered.length }));

describe('the order of steps', () => {
  it('runs a diamond from its start to its join', () => {
    const order = topologicalOrder(
      steps({ join: ['left', 'right'], right: ['start'], left: ['start'], start: [] }),
    );
    expect(names(order)).toEqual(['start', 'right', 'left', 'join']);
  });

  it('is the order of the file wherever dependencies leave a choice', () => {
    expect(names(topologicalOrder(steps({ c: [], a: [], b: ['c'] })))).toEqual(['c', 'a', 'b']);
    expect(names(topologicalOrder(steps({ b: ['z'], a: [], z: [] })))).toEqual(['a', 'z', 'b']);
  });

  it('puts every step of any graph after its dependencies', () => {
    fc.assert(
      fc.property(dag, (graph) => {
        const order = names(topologicalOrder(graph));
        expect(order.toSorted()).toEqual(names(graph).toSorted());
        for (const step of graph) {
          for (const dependency of step.dependencies) {
            expect(order.indexOf(dependency)).toBeLessThan(order.indexOf(step.name));
          }
        }
        expect(findCycle(graph)).toBeNull();
      }),
    );
  });

  it('is found for a chain of 2,000 steps declared backwards', () => {
    const chain = Array.from({ length: 2000 }, (_, index) => ({
      name: `s${index}`,
      dependencies: index === 1999 ? [] : [`s${index + 1}`],
    }));
    expect(names(topologicalOrder(chain)).slice(0, 2)).toEqual(['s1999', 's1998']);
    expect(topologicalOrder(chain)).toHaveLength(2000);
  });
});

describe('a cycle', () => {
  it('is shown whole, from the step that is declared first', () => {
    const graph = steps({ start: [], b: ['a'], c: ['b', 'start'], a: ['c'], behind: ['c'] });
    expect(findCycle(graph)).toEqual(['b', 'c', 'a', 'b']);
  });

  it('of 2,000 steps is found', () => {
    const ring = Array.from({ length: 2000 }, (_, index) => ({
      name: `s${index}`,
      dependencies: [`s${(index + 1999) % 2000}`],
    }));
    expect(findCycle(ring)).toHaveLength(2001);
  });

  it('is found in any graph that has one, and is one', () => {
    const cyclic = fc.tuple(dag, fc.array(fc.nat(), { minLength: 1, maxLength: 6 })).map(([graph, picks]) => {
      const ring = [...new Set(picks.map((pick) => pick % graph.length))];
      return graph.map((step, index): GraphStep => {
        const position = ring.indexOf(index);
        const before = graph[ring.at(position - 1) ?? 0];
        if (position < 0 || before === undefined) return step;
        return { name: step.name, dependencies: [...step.dependencies, before.name] };
      });
    });
    fc.assert(
      fc.property(cyclic, (graph) => {
        const cycle = findCycle(graph) ?? [];
        expect(cycle.length).toBeGreaterThan(1);
        expect(cycle.at(-1)).toBe(cycle[0]);
        expect(new Set(cycle).size).toBe(cycle.length - 1);
        cycle.slice(1).forEach((name, index) => {
          expect(graph.find((step) => step.name === name)?.dependencies).toContain(cycle[index]);
        });
      }),
    );
  });
});
