export { HealthModule } from './health.module.js';
export type { BasicHealth, HealthCheck, HealthReport } from './health.responses.js';
