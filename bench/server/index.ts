export { BenchServer } from './bench-server.js';
