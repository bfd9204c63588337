export { RetentionSweeper } from './retention.sweeper.js';
