export { ApiModule } from './api.module.js';
export type { StepResponse } from './steps/step.responses.js';
export type { StepReadinessStatus, TaskResponse } from './tasks/task.responses.js';
