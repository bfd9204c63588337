export { configureHttp } from './http.configurator.js';
export { HttpModule } from './http.module.js';
export type { ErrorBody } from './error-answer.types.js';
export { serveApiDocument } from './openapi/api-document.builder.js';
export { Authenticator } from './security/authenticator.js';
