import type { BusinessWorkflowContext } from './business-workflow.types.js';

/**
 * Fields of the task's context, named as in the `input_schema` and not read yet: it has checked them at submit, but a task
 * may have come in by another way.
 */
export type UnreadOrder<Field extends keyof BusinessWorkflowContext> = {
  readonly [Name in Field]?: unknown;
};
