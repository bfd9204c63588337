export { ApiModule } from './api.module.js';
export { configureHttp } from './http/http.configurator.js';
export type { ErrorBody } from './http/error-answer.types.js';
export type { StepReadinessStatus, StepResponse, TaskResponse } from './tasks/task.responses.js';
