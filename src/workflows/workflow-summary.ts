import type { JsonObject, JsonValue } from '../engine/index.js';
import type { TaskSequenceStep } from '../worker/index.js';

/**
 * What the last step of a workflow says about all of it. A step brings the results of its direct parents along; those of
 * farther ancestors are read when they are asked for, as here.
 *
 * @param earlierSteps the names of all other steps, in the order in which they are to be told
 */
export async function workflowSummary(
  lastStep: Pick<TaskSequenceStep, 'result' | 'workflowStep'>,
  earlierSteps: readonly string[],
  finalResult: JsonValue,
): Promise<JsonObject> {
  const earlier = await Promise.all(
    earlierSteps.map(async (name) => [name, (await lastStep.result(name)) ?? null] as const),
  );
  return {
    final_result: finalResult,
    step_progression: Object.fromEntries([...earlier, [lastStep.workflowStep.name, finalResult]]),
    total_steps_executed: earlier.length + 1,
  };
}
