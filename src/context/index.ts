export { isolate, OwnContext } from './own.context.js';
