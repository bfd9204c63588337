import { topologicalOrder } from '../templates/index.js';
import type { TaskTemplate } from '../templates/index.js';

/** A step's place in its template's graph, its neighbours by `step_index`. */
export interface GraphStep {
  readonly name: string;
  readonly dependencies: readonly number[];
  readonly dependents: readonly number[];
}

/** The steps in topological order, which is what `step_index` counts, with their edges as indexes. */
export function templateGraph(template: TaskTemplate): readonly GraphStep[] {
  const steps = topologicalOrder(template.steps);
  const indexOf = new Map(steps.map((step, index) => [step.name, index]));
  const dependents = steps.map((): number[] => []);
  const dependencies = steps.map((step, index) =>
    step.dependencies.flatMap((name) => {
      const parent = indexOf.get(name);
      if (parent === undefined) return [];
      dependents[parent]?.push(index);
      return [parent];
    }),
  );
  return steps.map((step, index) => ({
    name: step.name,
    dependencies: dependencies[index] ?? [],
    dependents: dependents[index] ?? [],
  }));
}
