/** What the order of steps depends on. */
export interface GraphStep {
  readonly name: string;
  readonly dependencies: readonly string[];
}

/**
 * The steps in an order in which they can run: after their dependencies, and as declared where that leaves a choice.
 * Names that are no step are passed over, and so are steps on a cycle or behind one: the result is shorter then.
 */
export function topologicalOrder<S extends GraphStep>(steps: readonly S[]): readonly S[] {
  const { dependants, waitingFor } = connect(steps);
  const order: S[] = [];
  // Kept in falling order of declaration, so that the next step is taken off the end.
  const ready = [...waitingFor.keys()].filter((index) => waitingFor[index] === 0).toReversed();
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    const step = steps[index];
    if (step !== undefined) order.push(step);
    for (const dependant of dependants[index] ?? []) {
      const left = (waitingFor[dependant] ?? 0) - 1;
      waitingFor[dependant] = left;
      if (left === 0) insertFalling(ready, dependant);
    }
  }
  return order;
}

/**
 * One cycle, in the order in which its steps wait for each other and with the first repeated at the end
 * (`a, b, c, a`: b waits for a), or `null` when there is none.
 */
export function findCycle(steps: readonly GraphStep[]): readonly [string, ...string[]] | null {
  const settled = new Set(topologicalOrder(steps));
  const stuck = new Map(steps.filter((step) => !settled.has(step)).map((step) => [step.name, step]));
  // A stuck step always waits for another stuck one, so going from one to the next must come by a step again.
  const trail = new Map<string, number>();
  let step = stuck.values().next().value;
  while (step !== undefined && !trail.has(step.name)) {
    trail.set(step.name, trail.size);
    const next = step.dependencies.find((name) => stuck.has(name));
    step = next === undefined ? undefined : stuck.get(next);
  }
  if (step === undefined) return null;
  const cycle = [...trail.keys()].slice(trail.get(step.name)).toReversed();
  return startingWithFirstDeclared(cycle, steps);
}

function startingWithFirstDeclared(
  cycle: readonly string[],
  steps: readonly GraphStep[],
): readonly [string, ...string[]] | null {
  const onCycle = new Set(cycle);
  const first = steps.find((step) => onCycle.has(step.name))?.name;
  if (first === undefined) return null;
  const start = cycle.indexOf(first);
  return [first, ...cycle.slice(start + 1), ...cycle.slice(0, start), first];
}

interface Connections {
  /** By a step's index, those of the steps that wait for it. */
  readonly dependants: readonly number[][];
  /** By a step's index, how many steps it waits for. */
  readonly waitingFor: number[];
}

function connect(steps: readonly GraphStep[]): Connections {
  const indexes = new Map<string, number>();
  steps.forEach((step, index) => {
    if (!indexes.has(step.name)) indexes.set(step.name, index);
  });
  const dependants: number[][] = steps.map(() => []);
  const waitingFor = steps.map((step, index) => {
    const awaited = step.dependencies.flatMap((name) => indexes.get(name) ?? []);
    for (const dependency of awaited) dependants[dependency]?.push(index);
    return awaited.length;
  });
  return { dependants, waitingFor };
}

function insertFalling(falling: number[], value: number): void {
  let low = 0;
  let high = falling.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((falling[middle] ?? 0) > value) low = middle + 1;
    else high = middle;
  }
  falling.splice(low, 0, value);
}
