export { HealthModule } from './health.module.js';
export type { BasicHealth, HealthCheckOutcome, HealthReport } from './health.responses.js';
