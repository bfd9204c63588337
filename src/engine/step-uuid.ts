/**
 * The public id of a step, derived from its task's id and its place: the same rule as `tasker.step_uuid` in SQL. The
 * version digit becomes 8, and `stepIndex + 1` is folded into the last four hex digits.
 */
export function stepUuid(taskUuid: string, stepIndex: number): string {
  return `${taskUuid.slice(0, 14)}8${taskUuid.slice(15, 32)}${foldedTail(taskUuid, stepIndex + 1)}`;
}

/** The largest that a `smallint` of PostgreSQL holds. */
const LAST_INDEX = 32_767;

/** The place that a step id names within its task, or null where it can't be a step of that task. */
export function stepIndexOf(taskUuid: string, uuid: string): number | null {
  const folded = Number.parseInt(taskUuid.slice(32), 16) ^ Number.parseInt(uuid.slice(32), 16);
  const index = folded - 1;
  const possible = index >= 0 && index <= LAST_INDEX;
  return possible && stepUuid(taskUuid, index).toLowerCase() === uuid.toLowerCase() ? index : null;
}

function foldedTail(taskUuid: string, value: number): string {
  return (Number.parseInt(taskUuid.slice(32), 16) ^ value).toString(16).padStart(4, '0');
}
