import { didYouMean } from '../spelling/index.js';
import { findCycle, type GraphStep } from './step-graph.order.js';

/** Something wrong with the graph: at a step's name, or at one of its dependencies. */
export interface GraphProblem {
  readonly stepIndex: number;
  readonly dependencyIndex: number | null;
  readonly message: string;
}

/**
 * Checks that names are unique, and that dependencies exist, are given once, and form no cycle. Steps with an empty name
 * are passed over: they have no valid one, and that is reported elsewhere.
 *
 * A generator, so that a caller who has heard enough stops the search.
 */
export function* checkGraph(steps: readonly GraphStep[]): Generator<GraphProblem> {
  yield* repeatedNames(steps);
  yield* badDependencies(steps);
  yield* cycle(steps);
}

function* repeatedNames(steps: readonly GraphStep[]): Generator<GraphProblem> {
  const first = new Map<string, number>();
  for (const [stepIndex, { name }] of steps.entries()) {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, stepIndex);
    else if (name !== '') {
      const message = `step names are unique; ${JSON.stringify(name)} is steps[${earlier}] already`;
      yield { stepIndex, dependencyIndex: null, message };
    }
  }
}

function* badDependencies(steps: readonly GraphStep[]): Generator<GraphProblem> {
  const names = new Set(steps.map((step) => step.name));
  for (const [stepIndex, step] of steps.entries()) {
    const earlier = new Set<string>();
    for (const [dependencyIndex, dependency] of step.dependencies.entries()) {
      const message = dependencyProblem(step, dependency, earlier, names);
      earlier.add(dependency);
      if (message !== null) yield { stepIndex, dependencyIndex, message };
    }
  }
}

function dependencyProblem(
  step: GraphStep,
  dependency: string,
  earlier: ReadonlySet<string>,
  names: ReadonlySet<string>,
): string | null {
  if (dependency === '') return null;
  const quoted = JSON.stringify(dependency);
  if (earlier.has(dependency)) return `${quoted} is given twice`;
  if (dependency === step.name) return `step ${quoted} depends on itself`;
  return names.has(dependency) ? null : `no step is called ${quoted}${didYouMean(dependency, names)}`;
}

function* cycle(steps: readonly GraphStep[]): Generator<GraphProblem> {
  const others = steps.map(({ name, dependencies }) => ({
    name,
    dependencies: dependencies.filter((dependency) => dependency !== name),
  }));
  const found = findCycle(others);
  if (found === null) return;
  const [first] = found;
  const stepIndex = steps.findIndex((step) => step.name === first);
  // The step before the repeated first one at the end is what the first step waits for.
  const dependencyIndex = steps[stepIndex]?.dependencies.indexOf(found.at(-2) ?? first) ?? null;
  const message = `steps wait for each other in a circle: ${found.join(' -> ')}`;
  yield { stepIndex, dependencyIndex, message };
}
