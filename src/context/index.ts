export { OwnContext } from './own.context.js';
