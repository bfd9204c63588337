export { operate, RETRY_AFTER_SECONDS, TASK_NUMBER } from './operation.js';
export { NAMESPACE, namespaceName, TemplateFiles, VERSION } from './template-files.js';
export { OPERATIONS, WORKLOADS } from './workload.types.js';
export type { Operation, StepInput, Workload, WorkloadName, WorkloadStep } from './workload.types.js';
export { workload } from './workloads.js';
