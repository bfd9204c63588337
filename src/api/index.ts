export { ApiModule } from './api.module.js';
export type { StepReadinessStatus, StepResponse, TaskResponse } from './tasks/task.responses.js';
