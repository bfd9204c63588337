export { LoggingModule } from './logging.module.js';
export { FieldLogger } from './field-logger.js';
export { ServiceLogStream } from './service-log.stream.js';
export { StartLog } from './start-log.js';
export { StartReasonFilter } from './start-reason.filter.js';
