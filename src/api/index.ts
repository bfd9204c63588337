export { ApiModule } from './api.module.js';
export { configureHttp } from './http.configurator.js';
export type { ErrorBody } from './error-answer.types.js';
export type { StepReadinessStatus, StepResponse, TaskResponse } from './task.responses.js';
