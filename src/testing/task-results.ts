import type { JsonValue, Task } from '../engine/index.js';

/** The results of a task's completed steps by name: what a test usually compares. */
export function taskResults(task: Task): Readonly<Record<string, JsonValue>> {
  return Object.fromEntries(
    task.steps
      .filter((step) => step.state === 'complete')
      .map((step) => [step.name, step.results?.result ?? null]),
  );
}
