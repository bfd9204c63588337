export { InvalidRequestError } from './api.errors.js';
export { ClientGone } from './client-gone.decorator.js';
export { toErrorAnswer } from './error-answer.mapper.js';
export type { ErrorBody } from './error-answer.types.js';
export { configureHttp } from './http.configurator.js';
export { HttpModule } from './http.module.js';
export { serveApiDocument } from './openapi/api-document.builder.js';
export { HEADERS } from './openapi/api-document.parts.js';
export { ErrorContent } from './openapi/error.response.js';
export { Operation } from './openapi/operation.decorator.js';
export { currentRequestId } from './request-context.js';
export { readDto } from './request-validation.pipe.js';
export {
  IsDigitsFrom,
  IsGiven,
  IsIntegerFrom,
  IsJsonObject,
  IsListOfLength,
  IsText,
  IsTextList,
  IsTextOfLength,
  IsTimestamp,
  IsUuid,
} from './request.rules.js';
export { API_KEY_HEADER, Authenticator } from './security/authenticator.js';
export { ANYBODY, Asking } from './security/request-identity.js';
export type { RequestIdentity } from './security/request-identity.js';
export { TaskerExceptionFilter } from './tasker-exception.filter.js';
export { UuidParamPipe } from './uuid-param.pipe.js';
export { toWirePath } from './wire-path.format.js';
