import { operate, TASK_NUMBER, workload } from '../workloads/index.js';

/** The steps of the linear workload as functions of the step before: the first takes the task's number. */
export const LINEAR_STEPS = workload('linear').steps.map(({ name, operation }, index) => ({
  name,
  run: (value: number): number =>
    Number(operate(operation, { number: TASK_NUMBER, results: index === 0 ? {} : { before: value } })),
}));
