export { Meters } from './meters.js';
