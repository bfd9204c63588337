export { configureHttp } from './http.configurator.js';
export type { ErrorBody } from './error-answer.types.js';
