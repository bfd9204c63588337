export { driveHttp } from './http-load.js';
export type { HttpLoad } from './http-load.js';
export { ServiceProcess } from './service.process.js';
export type { ServiceLaunch } from './service.process.js';
export { buildStarter } from './starter.build.js';
