export { didYouMean, nearestName } from './near-name.suggestion.js';
