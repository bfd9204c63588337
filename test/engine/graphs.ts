import type { Random } from '../support/random.js';

/** A step of a template as a test gives it; a list of them is in topological order. */
export interface GraphStep {
  readonly name: string;
  readonly dependencies: readonly string[];
}

export type Graph = readonly GraphStep[];

/** One step and nothing else. */
export const LONE_STEP: Graph = [{ name: 'only', dependencies: [] }];

/** start -> left, right -> join. */
export const DIAMOND: Graph = [
  { name: 'start', dependencies: [] },
  { name: 'left', dependencies: ['start'] },
  { name: 'right', dependencies: ['start'] },
  { name: 'join', dependencies: ['left', 'right'] },
];

/** Two steps that have nothing to do with one another. */
export const TWO_BRANCHES: Graph = [
  { name: 'left', dependencies: [] },
  { name: 'right', dependencies: [] },
];

/** step_1 -> step_2 -> … */
export function chain(length: number): Graph {
  return Array.from({ length }, (_, index) => ({
    name: `step_${index + 1}`,
    dependencies: index === 0 ? [] : [`step_${index}`],
  }));
}

/** start -> branch_1 … branch_n -> join. */
export function fan(width: number): Graph {
  const branches = Array.from({ length: width }, (_, index) => `branch_${index + 1}`);
  return [
    { name: 'start', dependencies: [] },
    ...branches.map((name) => ({ name, dependencies: ['start'] })),
    { name: 'join', dependencies: branches },
  ];
}

/** Steps that each wait for up to five of those before them. */
export function randomGraph(random: Random, size: number): Graph {
  return Array.from({ length: size }, (_, index) => {
    const parents = Array.from({ length: index === 0 ? 0 : random.below(6) }, () => random.below(index));
    return { name: `step_${index}`, dependencies: [...new Set(parents)].map((parent) => `step_${parent}`) };
  });
}
